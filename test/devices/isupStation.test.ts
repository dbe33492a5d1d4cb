import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { IsupStation, type IsupStationOptions } from '../../devices/isupStation';
import type { Occurrence } from '../../events/deviceEvent';
import type { Fault } from '../../protocols/errors';
import type { AlarmHostClaim } from '../../protocols/isup/alarmHost';
import type { IsupAlarm, UnknownFrame } from '../../protocols/isup/data';
import type { Presence } from '../../protocols/isup/presence';
import { PartSplitter } from '../../protocols/multipart/partSplitter';
import { EhomeDevice } from '../../simulator/ehomeDevice';
import { IsupDevice } from '../../simulator/isupDevice';
import { RawClient, UdpClient, until } from '../protocols/isup/rig';
import { vectors } from '../protocols/isup/vectors';
import { ManualClock } from '../support/manualClock';

const KEY = 'Test1234key';

interface Told {
    presence: Presence[];
    events: Occurrence[];
    unreadable: { alarm: IsupAlarm; reason: string }[];
    unknown: UnknownFrame[];
    faults: Fault[];
    hosts: string[];
    ports: number[];
    claims: object;
}

async function withStation(
    options: Partial<IsupStationOptions>,
    body: (station: IsupStation, told: Told, device: (id?: string) => IsupDevice) => Promise<void>,
): Promise<void> {
    const told: Told = {
        presence: [],
        events: [],
        unreadable: [],
        unknown: [],
        faults: [],
        hosts: [],
        ports: [],
        claims: {},
    };
    const station = new IsupStation({
        bind: '127.0.0.1',
        port: 0,
        alarmPort: 0,
        defaultKey: KEY,
        advertise: '127.0.0.1',
        alarms: false,
        ...options,
        reporter: {
            listening: (port) => told.ports.push(port),
            presence: (one) => told.presence.push(one),
            event: (one) => told.events.push(one),
            unreadable: (alarm, reason) => told.unreadable.push({ alarm, reason }),
            unknown: (frame) => told.unknown.push(frame),
            warning: () => undefined,
            alarmHost: (what, deviceId, slot) => told.hosts.push(`${what} ${deviceId} ${slot}`),
            fault: (fault) => told.faults.push(fault),
            claims: (claims) => {
                told.claims = claims;
            },
        },
    });
    const devices: IsupDevice[] = [];
    station.start();
    try {
        await body(station, told, (deviceId = 'CAM1') => {
            const device = new IsupDevice({ host: '127.0.0.1', port: told.ports[0]!, deviceId, key: KEY });
            devices.push(device);
            return device;
        });
    } finally {
        for (const device of devices) device.destroy();
        await station.close();
    }
}

const listening = (told: Told) => until('the port', () => told.ports.length === 1);

describe('an ISUP station', () => {
    it('makes events of alarms, in XML, JSON and behind an HTTP head', async () => {
        await withStation({}, async (_station, told, device) => {
            await listening(told);
            const camera = device();
            await camera.start();
            // In one go: they arrive within one millisecond, and each is an event of its own.
            for (const name of ['alarm_xml', 'alarm_json', 'alarm_http_framed']) camera.alarm(vectors[name]!.body!);
            await until('three events', () => told.events.length === 3);
            assert.equal(new Set(told.events.map(({ event }) => event.id)).size, 3);
            for (const { event, raw } of told.events) {
                assert.equal(event.kind, 'motion');
                assert.equal(event.state, 'active');
                assert.equal(event.via, 'isup');
                assert.equal(event.channel, 1);
                assert.equal(event.device.id, 'CAM1');
                assert.equal(event.device.serial, 'DS-TEST-CAM20260101AAWRQ00000001');
                assert.equal(event.device.address, '127.0.0.1');
                assert.ok(raw.text);
            }
        });
    });

    it('reads what looks like multi-part, says that it is not sure, and hands on what it cannot read', async (test) => {
        await withStation({}, async (_station, told, device) => {
            await listening(told);
            const camera = device();
            await camera.start();
            const xml = vectors.alarm_xml!.body!;
            camera.alarm(
                Buffer.concat([
                    Buffer.from('POST /alarm HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n'),
                    Buffer.from(
                        `Content-Type: application/xml\r\nContent-Length: ${xml.length}\r\n\r\n${xml}\r\n--b\r\n`,
                    ),
                    Buffer.from(
                        'Content-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n\u00ff\u00d8\u00ff\u00d9',
                        'latin1',
                    ),
                    Buffer.from('\r\n--b--\r\n'),
                ]),
            );
            await until('an event', () => told.events.length === 1);
            const [{ event, pictures }] = told.events as [Occurrence];
            assert.equal(event.kind, 'motion');
            assert.equal(pictures.length, 1);
            assert.match(event.warnings!.join(), /not known for sure/);
            camera.alarm(Buffer.from([1, 2, 3]));
            camera.alarm('<Nothing/>');
            await until('both', () => told.unreadable.length === 2);
            assert.deepEqual(told.unreadable[0]!.alarm.body.content, Buffer.from([1, 2, 3]));
            test.mock.method(PartSplitter.prototype, 'feed', () => {
                throw new RangeError('a fault of ours');
            });
            camera.alarm('POST /alarm HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n\r\nx');
            await until('the third', () => told.unreadable.length === 3);
            assert.match(told.unreadable[2]!.reason, /a fault of ours/);
        });
    });

    it('makes events of EHome alarms and positions', async () => {
        await withStation({}, async (_station, told) => {
            await listening(told);
            const device = new EhomeDevice({ host: '127.0.0.1', port: told.ports[0]!, deviceId: 'EHOME1' });
            try {
                await device.start();
                device.alarm(101, { VideoChannel: 3 });
                await until('an event', () => told.events.length === 1);
                assert.equal(told.events[0]!.event.kind, 'line-crossing');
                assert.equal(told.events[0]!.event.channel, 3);
                device.gps(1, 2);
                await until('a position', () => told.events.length === 2);
                assert.equal(told.events[1]!.event.kind, 'gps');
            } finally {
                device.stop();
            }
        });
    });

    it('makes one event of an EHome report that is repeated, and answers each time', async () => {
        const clock = new ManualClock();
        await withStation({ clock, keepAlive: 3600 }, async (station, told) => {
            await listening(told);
            const device = await UdpClient.open();
            const ask = async (text: string) => {
                assert.match(await device.ask(text, station.listener.alarmPort), /<Status>200</);
            };
            try {
                for (const name of ['ehome_alarm', 'ehome_gps']) {
                    const text = vectors[name]!.text!;
                    const before = told.events.length;
                    for (let count = 0; count < 3; count += 1) await ask(text);
                    assert.equal(told.events.length, before + 1, name);
                    // Another one of the same second has a number of its own.
                    await ask(text.replace(/(<Sequence>)(\d+)/, '$1$29'));
                    assert.equal(told.events.length, before + 2, name);
                    clock.advance(31_000);
                    await ask(text);
                    assert.equal(told.events.length, before + 3, `${name}, later`);
                }
                const timeless = vectors.ehome_alarm!.text!.replace(/<AlarmTime>.*<\/AlarmTime>/, '');
                const before = told.events.length;
                for (let count = 0; count < 2; count += 1) await ask(timeless);
                assert.equal(told.events.length, before + 2, 'nothing tells a copy there, and nothing may be lost');
            } finally {
                device.close();
            }
        });
    });

    it('writes our alarm host only where asked, and takes it out again in a run where it is not', async () => {
        await withStation({ alarms: true }, async (station, told, device) => {
            await listening(told);
            const camera = device();
            await camera.start();
            await until('the claim', () => told.hosts.length === 1);
            assert.match(camera.desk.hostAt(1), new RegExp(`<portNo>${station.listener.port}<`));
            await until('the alarm link', () => station.listener.openConnections === 2);
            const { claims } = told;
            const port = station.listener.port;
            await station.close();
            camera.stop('close');
            await withStation({ alarms: false, claims: claims as never, port }, async (_second, later, _device) => {
                await listening(later);
                await camera.start();
                await until('the release', () => later.hosts.length === 1);
                assert.match(camera.desk.hostAt(1), /0\.0\.0\.0/);
                assert.deepEqual(later.claims, {});
            });
        });
    });

    it('touches no alarm host before it knows which it holds, then gives back and takes what it should', async () => {
        const old = { slot: '1', address: '127.0.0.1', port: 1 };
        for (const alarms of [false, true]) {
            let resolve: (claims: Record<string, AlarmHostClaim>) => void = () => undefined;
            const claims = new Promise<Record<string, AlarmHostClaim>>((known) => {
                resolve = known;
            });
            await withStation({ alarms, claims }, async (station, told, device) => {
                await listening(told);
                const camera = device();
                camera.desk.answer({
                    method: 'PUT',
                    path: '/ISAPI/Event/notification/httpHosts/1',
                    body:
                        '<HttpHostNotification><id>1</id><protocolType>EHome</protocolType>' +
                        `<ipAddress>${old.address}</ipAddress><portNo>${old.port}</portNo></HttpHostNotification>`,
                });
                await camera.start();
                await station.listener.request('CAM1', { method: 'GET', path: '/x', timeout: 10_000 });
                assert.deepEqual(camera.requests, ['GET /x']);
                resolve({ CAM1: old });
                await until('what is due', () => told.hosts.length === 1);
                assert.deepEqual(told.hosts, [alarms ? 'claimed CAM1 1' : 'released CAM1 1']);
                assert.doesNotMatch(camera.desk.hostAt(1), /<portNo>1</);
                assert.doesNotMatch(camera.desk.hostAt(2), /EHome/);
            });
        }
    });

    it('reports a port in use and takes it when it is free', async () => {
        const clock = new ManualClock();
        const occupant = createServer().listen(0, '127.0.0.1');
        await until('the occupant', () => occupant.listening);
        const { port } = occupant.address() as { port: number };
        await withStation({ clock, port }, async (_station, told) => {
            await until('a fault', () => told.faults.length === 1);
            assert.equal(told.faults[0]!.code, 'PORT_IN_USE');
            assert.equal(told.faults[0]!.details.port, port);
            await new Promise((resolve) => occupant.close(resolve));
            clock.advance(10_000);
            await listening(told);
        });
        assert.equal(clock.pending, 0);
    });

    it('shows frames that are neither', async () => {
        await withStation({}, async (station, told) => {
            await listening(told);
            const client = await RawClient.open(station.listener.port);
            client.send(Buffer.from('hello world'));
            await until('a frame', () => told.unknown.length === 1);
            assert.equal(told.unknown[0]!.data.toString(), 'hello world');
            client.destroy();
        });
    });
});
