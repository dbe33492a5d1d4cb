import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { IsupStation } from '../../../devices/isupStation';
import type { Occurrence } from '../../../events/deviceEvent';
import type { Fault } from '../../../protocols/errors';
import type { IsupListener } from '../../../protocols/isup/listener';
import type { Presence } from '../../../protocols/isup/presence';
import { IsupDevice } from '../../../simulator/isupDevice';
import { freePort } from '../../support/freePort';
import { RawClient, until } from './rig';
import { vectors } from './vectors';

const missing = spawnSync('haproxy', ['-v']).status !== 0;
const skip = missing ? 'haproxy is not installed' : false;

interface Worker {
    station: IsupStation;
    listener: IsupListener;
    presence: Presence[];
    events: Occurrence[];
    faults: Fault[];
}

async function worker(advertise: string, alarms: boolean): Promise<Worker> {
    const presence: Presence[] = [];
    const events: Occurrence[] = [];
    const faults: Fault[] = [];
    let listens = false;
    const station = new IsupStation({
        bind: '127.0.0.1',
        port: 0,
        alarmPort: 0,
        proxyProtocol: true,
        defaultKey: 'Test1234key',
        advertise,
        alarms,
        reporter: {
            listening: () => {
                listens = true;
            },
            presence: (one) => presence.push(one),
            event: (one) => events.push(one),
            unreadable: () => undefined,
            unknown: () => undefined,
            warning: () => undefined,
            alarmHost: () => undefined,
            fault: (one) => faults.push(one),
            claims: () => undefined,
        },
    });
    station.start();
    await until('a worker', () => listens);
    return { station, listener: station.listener, presence, events, faults };
}

/** Two workers behind a real HAProxy, which listens on `host`. */
async function withHaproxy(
    host: string,
    options: { balance: string; send: string; advertise?: boolean; alarms?: boolean },
    body: (port: number, workers: Worker[]) => Promise<void>,
): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'isup-haproxy-'));
    const port = await freePort(host);
    const own = options.advertise ? [await freePort(host), await freePort(host)] : [];
    const advertised = [0, 1].map((at) => (own[at] ? `${host}:${own[at]}` : ''));
    const workers = [];
    for (const address of advertised) workers.push(await worker(address, options.alarms === true));
    const address = (number: number) => (host.includes(':') ? `[${host}]:${number}` : `${host}:${number}`);
    const servers = workers.map(({ listener }, at) => `  server w${at} 127.0.0.1:${listener.port} ${options.send}`);
    const direct = own.map((number, at) => `listen own${at}\n  bind ${address(number)}\n${servers[at]}\n`);
    writeFileSync(
        join(folder, 'haproxy.cfg'),
        'defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n' +
            `listen isup\n  bind ${address(port)}\n  balance ${options.balance}\n${servers.join('\n')}\n${direct.join('')}`,
    );
    const proxy: ChildProcess = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
    try {
        await until('haproxy', () => proxy.exitCode !== null || proxy.pid !== undefined);
        for (;;) {
            const probe = await RawClient.open(port, { host } as never);
            const open = !probe.closed;
            probe.destroy();
            if (open) break;
            assert.equal(proxy.exitCode, null, 'haproxy ended');
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await body(port, workers);
    } finally {
        proxy.kill();
        if (proxy.exitCode === null) await once(proxy, 'exit');
        for (const { station } of workers) await station.close();
        rmSync(folder, { recursive: true, force: true });
    }
}

const online = (workers: Worker[]) => workers.map(({ listener }) => listener.table.counts().online);

describe('two workers behind HAProxy', { skip }, () => {
    for (const send of ['send-proxy', 'send-proxy-v2']) {
        it(`keep each device with the worker of its login, balanced by source, with ${send}`, async () => {
            await withHaproxy('127.0.0.1', { balance: 'source', send }, async (port, workers) => {
                const devices = Array.from({ length: 8 }, (_, at) => {
                    const from = `127.0.1.${at + 1}`;
                    return new IsupDevice({ host: '127.0.0.1', port, deviceId: `D${at}`, key: 'Test1234key', from });
                });
                try {
                    for (const device of devices) assert.equal(await device.start(), 'online');
                    assert.equal(online(workers)[0]! + online(workers)[1]!, 8);
                    assert.ok(
                        online(workers).every((count) => count > 0),
                        'both have work',
                    );
                    for (const { presence } of workers) {
                        for (const one of presence) {
                            assert.equal(one.address, `127.0.1.${Number(one.deviceId.slice(1)) + 1}`);
                        }
                    }
                } finally {
                    for (const device of devices) device.destroy();
                }
            });
        });
    }

    it('keep them also in turn, where each hands out an address of its own', async () => {
        const options = { balance: 'roundrobin', send: 'send-proxy-v2', advertise: true };
        await withHaproxy('127.0.0.1', options, async (port, workers) => {
            const devices = Array.from({ length: 4 }, (_, at) => {
                return new IsupDevice({ host: '127.0.0.1', port, deviceId: `D${at}`, key: 'Test1234key' });
            });
            try {
                for (const device of devices) assert.equal(await device.start(), 'online');
                assert.deepEqual(online(workers), [2, 2]);
                for (const device of devices) device.stop('close');
                await until('all offline', () => online(workers).every((count) => count === 0));
            } finally {
                for (const device of devices) device.destroy();
            }
        });
    });

    it('write the address that a device dialled into it as its alarm host, and its alarms come that way', async () => {
        const options = { balance: 'source', send: 'send-proxy-v2', alarms: true };
        // The proxy has another address than the workers: theirs takes no connection without a PROXY header.
        await withHaproxy('127.0.0.10', options, async (port, workers) => {
            const steps: string[] = [];
            const device = new IsupDevice({
                host: '127.0.0.10',
                port,
                deviceId: 'CAM1',
                key: 'Test1234key',
                onStep: (step) => steps.push(step),
            });
            try {
                assert.equal(await device.start(), 'online');
                await until(`the alarm link, after: ${steps}`, () => steps.some((step) => /alarm/.test(step)));
                assert.equal(steps.at(-1), `alarms go to 127.0.0.10:${port}`);
                assert.match(device.desk.hostAt(1), new RegExp(`<ipAddress>127.0.0.10</.*<portNo>${port}<`));
                const connections = workers.map(({ listener }) => listener.openConnections);
                assert.deepEqual(connections.sort(), [0, 2], 'the session and the alarm link, at one worker');
                device.alarm(vectors.alarm_xml!.body!);
                const events = () => workers.flatMap((one) => one.events);
                await until('the event', () => events().length === 1);
                assert.equal(events()[0]!.event.device.id, 'CAM1');
                assert.deepEqual(
                    workers.flatMap(({ faults }) => faults),
                    [],
                );
            } finally {
                device.destroy();
            }
        });
    });

    it('refuse a session that reaches another worker than the login, whose keys it does not have', async () => {
        await withHaproxy('127.0.0.1', { balance: 'roundrobin', send: 'send-proxy-v2' }, async (port, workers) => {
            const device = new IsupDevice({ host: '127.0.0.1', port, deviceId: 'LOST', key: 'Test1234key' });
            try {
                assert.notEqual(await device.start().catch(() => 'closed'), 'online');
                assert.deepEqual(online(workers), [0, 0]);
            } finally {
                device.destroy();
            }
        });
    });

    it('see devices of IPv6 by their own address', async () => {
        await withHaproxy('::1', { balance: 'source', send: 'send-proxy-v2' }, async (port, workers) => {
            const device = new IsupDevice({ host: '::1', port, deviceId: 'SIX', key: 'Test1234key' });
            try {
                assert.equal(await device.start(), 'online');
                const [seen] = workers.flatMap(({ presence }) => presence);
                assert.equal(seen!.address, '::1');
            } finally {
                device.destroy();
            }
        });
    });
});
