import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { IsupDevice } from '../../simulator/isupDevice';
import { alarmHost, alertStream, debug, device, flowNode, LOGIN, TAB } from '../flows/flow';
import { freePort } from '../support/freePort';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';

/** Stores that write at once, that write now and then, and that answer later only. */
const STORES = [
    { name: 'a context that is written now and then', config: { flushInterval: 1 } },
    { name: 'a context without a cache', config: { cache: false } },
];

/** A Node.js whose writes fail as on a full disk, and which permissions bind even where it runs as root. */
function boundNode(folder: string): string {
    const path = join(folder, 'node.sh');
    const bound = process.getuid?.() === 0 ? 'setpriv --bounding-set=-dac_override --inh-caps=-dac_override ' : '';
    // A file that would grow too large is then an error, and not a signal that ends the process.
    writeFileSync(path, `#!/bin/sh\ntrap '' XFSZ\nexec ${bound}"${process.execPath}" "$@"\n`);
    chmodSync(path, 0o755);
    return path;
}

const TROUBLES: { name: string; begin(nodeRed: RunningNodeRed): void; end(nodeRed: RunningNodeRed): void }[] = [
    {
        name: 'the disk is full',
        begin: ({ pid }) => limit(pid, '0'),
        end: ({ pid }) => limit(pid, 'unlimited'),
    },
    {
        name: 'the user folder can only be read',
        begin: ({ userDir }) => readOnly(userDir, true),
        end: ({ userDir }) => readOnly(userDir, false),
    },
];

/** The largest file that the process may write, in bytes; the hard limit stays, so that it can be raised again. */
function limit(pid: number, bytes: string): void {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

function readOnly(folder: string, isSo: boolean): void {
    execFileSync('chmod', ['-R', isSo ? 'a-w' : 'u+w', folder]);
}

for (const { name: store, config } of STORES) {
    for (const { name, begin, end } of TROUBLES) {
        describe(`${name}, with ${store}`, { skip: process.platform === 'linux' ? false : 'needs Linux' }, () => {
            it('events go on arriving, and Node-RED stays', async () => {
                const folder = mkdtempSync(join(tmpdir(), 'vigia-full-disk-'));
                const camera = await new Camera({ login: { ...LOGIN } }).listen();
                const alarmPort = await freePort();
                const isupPort = await freePort();
                const nodeRed = await startNodeRed({
                    node: boundNode(folder),
                    settings: { contextStorage: { default: { module: 'localfilesystem', config } } },
                    flows: [
                        ...[TAB, device(camera.port), alertStream({ hold: 100, catchUp: true }), alarmHost(alarmPort)],
                        flowNode('isup', 'isup-in', {
                            ...{
                                bind: '127.0.0.1',
                                port: isupPort,
                                alarmPort: isupPort,
                                accept: 'any',
                                keepAlive: 15,
                                misses: 6,
                            },
                            ...{
                                proxyProtocol: 'off',
                                alarms: 'off',
                                devices: [],
                                version: 1,
                                wires: [['presence'], []],
                            },
                        }),
                        ...['events', 'changes', 'rejected', 'presence'].map(debug),
                    ],
                    credentials: { device: LOGIN, isup: { key: LOGIN.password } },
                });
                const gate = new IsupDevice({
                    host: '127.0.0.1',
                    port: isupPort,
                    deviceId: 'GATE',
                    key: LOGIN.password,
                });
                const presence = () =>
                    nodeRed
                        .debugMessages('presence')
                        .map(({ value }) => (value as { payload: { state: string } }).payload.state);
                const events = () => nodeRed.debugMessages('events').length;
                /** One thing of each kind that something is remembered of. */
                const live = async (what: string) => {
                    const before = events();
                    const told = presence().length;
                    await gate.start();
                    camera.emit({ type: 'fielddetection' });
                    await fetch(`http://127.0.0.1:${alarmPort}/alarm`, {
                        method: 'POST',
                        headers: { 'content-type': 'application/json' },
                        body: JSON.stringify({
                            eventType: 'AccessControllerEvent',
                            AccessControllerEvent: { majorEventType: 5, subEventType: 75, serialNo: before + 1 },
                        }),
                    });
                    await nodeRed.until(() => presence().slice(told).includes('online'), `presence ${what}`);
                    await nodeRed.until(() => events() >= before + 2, `events ${what}`);
                    gate.stop();
                    await nodeRed.until(() => presence().slice(told).includes('offline'), `absence ${what}`);
                };
                try {
                    await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'the stream');
                    begin(nodeRed);
                    await live('meanwhile');
                    // The context that is written now and then is written now.
                    await new Promise((resolve) => setTimeout(resolve, 2500));
                    end(nodeRed);
                    await live('afterwards');
                    assert.ok(nodeRed.logs.every((line) => !line.includes(LOGIN.password)));
                    assert.ok(!nodeRed.logs.some((line) => /uncaught/i.test(line)), nodeRed.logs.join('\n'));
                } finally {
                    end(nodeRed);
                    gate.destroy();
                    await nodeRed.close();
                    await camera.close();
                    rmSync(folder, { recursive: true });
                }
            });
        });
    }
}
