import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Terminal, type TerminalOptions } from '../../simulator/terminal';
import { ManualClock } from '../support/manualClock';
import { httpReceiver } from './alarmReceiver';
import { count, curl, RawClient, STREAM_REQUEST } from './support';

const RIGHT = 'admin:vigia123';
const OPEN = { login: { methods: 'none' as const } };

/** The JSON bodies of a stream, in order. */
function eventsOf(body: Buffer): Record<string, unknown>[] {
    return body
        .toString()
        .split('--MIME_boundary\r\n')
        .slice(1)
        .map((part) => JSON.parse(part.slice(part.indexOf('\r\n\r\n') + 4)));
}

const accessOf = (event: Record<string, unknown>) => event.AccessControllerEvent as Record<string, unknown>;

describe('a simulated access terminal', () => {
    const started: { close(): unknown }[] = [];
    afterEach(async () => {
        for (const thing of started.splice(0).reverse()) await thing.close();
    });
    async function terminal(options: TerminalOptions = {}): Promise<Terminal> {
        const device = await new Terminal({ retryInterval: 10, ...options }).listen();
        started.push(device);
        return device;
    }
    async function client(device: Terminal): Promise<RawClient> {
        const raw = new RawClient(device.port, STREAM_REQUEST);
        started.push(raw);
        await device.streams.whenOpen(device.streams.size + 1);
        return raw;
    }
    const ask = async (device: Terminal, method: string, path: string, body = '') =>
        await curl(`${device.origin}/ISAPI/AccessControl/${path}`, RIGHT, '-X', method, '--data-binary', body);

    it('writes JSON with tabs and LF under MIME_boundary, its newline not counted', async () => {
        const device = await terminal({ ...OPEN, logSize: 0, logsClients: false });
        const raw = await client(device);
        device.emit({ major: 5, minor: 21, door: 1 });
        device.emit({ major: 5, minor: 22, door: 1 });
        await raw.until(({ body }) => count(body, '}\r\n') === 2);
        const text = raw.body.toString();
        assert.match(
            text,
            /^--MIME_boundary\r\nContent-Type: application\/json; charset="UTF-8"\r\nContent-Length: \d+\r\n\r\n\{\n\t"ipAddress":\t"127/,
        );
        const length = Number(/Content-Length: (\d+)/.exec(text)![1]);
        const start = text.indexOf('\r\n\r\n') + 4;
        assert.equal(text.slice(start + length, start + length + 4), '\r\n--');
        assert.equal(JSON.parse(text.slice(start, start + length)).eventType, 'AccessControllerEvent');
    });

    it('replays its log to whoever connects, with currentEvent false and each serial after the one before', async () => {
        const device = await terminal({ ...OPEN, logSize: 12, logsClients: false });
        const raw = await client(device);
        await raw.until(({ body }) => count(body, '}\r\n') === 12);
        const rows = eventsOf(raw.body).map(accessOf);
        assert.deepEqual(
            rows.map((row) => row.serialNo),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        );
        assert.deepEqual(
            rows.map((row) => row.frontSerialNo),
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        );
        assert.ok(rows.every((row) => row.currentEvent === false));
        device.emit({ major: 5, minor: 75, employee: '0001764', name: 'MARIA EXEMPLO', reader: 1 });
        await raw.until(({ body }) => count(body, '}\r\n') === 13);
        const live = accessOf(eventsOf(raw.body)[12]!);
        assert.equal(live.currentEvent, true);
        assert.equal(live.employeeNoString, '0001764');
        assert.equal(live.doorNo, undefined);
    });

    it('replays a log of thousands of rows', async () => {
        const device = await terminal({ ...OPEN, logSize: 3000 });
        const raw = await client(device);
        await raw.until(({ body }) => body.includes('"serialNo":\t3000,'));
    });

    it('replays nothing to a client that is armed for other events', async () => {
        const device = await terminal({ ...OPEN, heartbeatSeconds: 0 });
        const wish =
            '<SubscribeEvent><eventMode>list</eventMode><EventList><Event><type>cardMatch</type></Event></EventList></SubscribeEvent>';
        const head = `POST /ISAPI/Event/notification/subscribeEvent HTTP/1.1\r\nHost: d\r\nContent-Length: ${wish.length}`;
        const raw = new RawClient(device.port, `${head}\r\n\r\n${wish}`);
        started.push(raw);
        await device.streams.whenOpen();
        device.streams.beat();
        await raw.until(({ body }) => body.includes('videoloss'));
        assert.ok(!raw.body.includes('AccessControllerEvent'));
    });

    it('logs the arming of a client as an event of its own, with the address', async () => {
        const device = await terminal({ ...OPEN, logSize: 0 });
        const raw = await client(device);
        await raw.until(({ body }) => body.includes('}\r\n'));
        const { majorEventType, subEventType, remoteHostAddr } = accessOf(eventsOf(raw.body)[0]!);
        assert.deepEqual([majorEventType, subEventType, remoteHostAddr], [3, 121, '127.0.0.1']);
    });

    it('sends a heartbeat every 30 s, whether events flow or not, in three spellings', async () => {
        for (const [form, expected] of [
            ['videoloss', /"activePostCount":\t1,\n\t"eventType":\t"videoloss",\n\t"eventState":\t"inactive"/],
            ['heartBeat', /"eventType":\t"heartBeat",\n\t"eventState":\t"active"/],
            ['empty', /Content-Length: 0\r\n\r\n\r\n/],
        ] as const) {
            const clock = new ManualClock();
            const device = await terminal({ ...OPEN, clock, logSize: 0, logsClients: false, heartbeatForm: form });
            const raw = await client(device);
            clock.advance(20_000);
            device.emit({ major: 5, minor: 21 });
            clock.advance(10_000);
            await raw.until(({ body }) => count(body, '--MIME_boundary\r\n') === 2);
            assert.match(raw.body.toString(), expected);
        }
    });

    it('sends no picture on the stream but posts it, with the parts of a DS-K1T344', async () => {
        const host = await httpReceiver(() => 200);
        started.push(host);
        const device = await terminal({ ...OPEN, logSize: 0, logsClients: false });
        device.pushTo(host.url);
        const raw = await client(device);
        const [, face] = device.admit();
        await face!.pushed;
        await raw.until(({ body }) => count(body, '}\r\n') === 2);
        assert.ok(!raw.body.includes('image/jpeg'));
        const post = host.bodies[1]!.toString('latin1');
        assert.match(
            post,
            /^--MIME_boundary\r\nContent-Disposition: form-data; name="AccessControllerEvent"\r\nContent-Type: application\/json/,
        );
        assert.match(post, /"picturesNumber":\t1/);
        assert.match(
            post,
            /name="Picture"; filename="Picture\.jpg"\r\nContent-Type: image\/jpeg\r\nContent-ID: pictureImage\r\n\r\n\xff\xd8/,
        );
    });

    it('queues its posts while the host is away and sends them in order afterwards', async () => {
        let status = 503;
        const host = await httpReceiver(() => status);
        started.push(host);
        const device = await terminal({ logSize: 0 });
        device.pushTo(host.url);
        const posts = [21, 75, 22].map((minor) => device.emit({ major: 5, minor }).pushed);
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(device.pushes.pending, 3);
        status = 200;
        const results = (await Promise.all(posts)).flat();
        assert.ok(results.every((result) => result.delivered) && results[0]!.attempts > 1);
        const delivered = host.bodies.slice(-3).map((body) => accessOf(JSON.parse(body.toString())).subEventType);
        assert.deepEqual(delivered, [21, 75, 22]);
    });

    it('opens its door on command, tells so, and locks it again', async () => {
        const clock = new ManualClock();
        const device = await terminal({ clock, logSize: 0 });
        const body = '<RemoteControlDoor><cmd>open</cmd></RemoteControlDoor>';
        assert.equal((await ask(device, 'PUT', 'RemoteControl/door/1', body)).status, 200);
        assert.ok(device.doors.isUnlocked(1));
        clock.advance(5000);
        assert.ok(!device.doors.isUnlocked(1));
        assert.deepEqual(
            device.log.rows.map(({ major, minor }) => [major, minor]),
            [
                [3, 1024],
                [5, 21],
                [5, 22],
            ],
        );
        assert.equal((await ask(device, 'PUT', 'RemoteControl/door/2', body)).status, 400);
        assert.equal((await ask(device, 'PUT', 'RemoteControl/door/1', body.replace('open', 'resume'))).status, 400);
        const capability = await ask(device, 'GET', 'RemoteControl/door/capabilities');
        assert.match(capability.body.toString(), /opt="open,close,alwaysOpen,alwaysClose"/);
    });

    it('fills the lists of its work status up to 128 where the firmware does', async () => {
        const device = await terminal({ doors: { count: 2, padded: true } });
        const { body } = await ask(device, 'GET', 'AcsWorkStatus?format=json');
        const { doorStatus, magneticStatus } = JSON.parse(body.toString()).AcsWorkStatus;
        assert.deepEqual([doorStatus.length, doorStatus.slice(0, 3), magneticStatus[0]], [128, [4, 4, 0], 0]);
    });

    it('lets a server decide, and keeps the door shut when nobody answers', async () => {
        const clock = new ManualClock();
        const device = await terminal({ clock, logSize: 0 });
        const first = device.ask();
        const { serial } = device.log.rows.at(-1)!;
        const answer = { RemoteCheck: { serialNo: serial, checkResult: 'success', info: 'welcome' } };
        assert.equal((await ask(device, 'PUT', 'remoteCheck?format=json', JSON.stringify(answer))).status, 200);
        assert.equal(await first, 'success');
        assert.ok(device.doors.isUnlocked(1));
        const second = device.ask();
        clock.advance(5000);
        assert.equal(await second, 'timeout');
        assert.equal((await ask(device, 'PUT', 'remoteCheck?format=json', JSON.stringify(answer))).status, 400);
    });

    it('names its people', async () => {
        const device = await terminal();
        const { body } = await ask(device, 'GET', 'UserInfo/Count?format=json');
        assert.equal(JSON.parse(body.toString()).UserInfoCount.userNumber, 4);
        const search = { UserInfoSearchCond: { searchID: '1', searchResultPosition: 0, maxResults: 3 } };
        const found = JSON.parse(
            (await ask(device, 'POST', 'UserInfo/Search?format=json', JSON.stringify(search))).body.toString(),
        );
        assert.equal(found.UserInfoSearch.responseStatusStrg, 'MORE');
        assert.equal(found.UserInfoSearch.UserInfo[0].employeeNo, '0001764');
    });

    it('shows gaps in its serial numbers, and begins anew after a factory reset', async () => {
        const device = await terminal({ logSize: 3 });
        device.log.skip(5);
        const { row } = device.emit({ major: 5, minor: 21 });
        assert.deepEqual([row.serial, row.previousSerial], [9, 3]);
        device.log.reset();
        assert.equal(device.emit({ major: 5, minor: 21 }).row.serial, 1);
    });

    it('leaves no timer behind', async () => {
        const clock = new ManualClock();
        const device = await terminal({ ...OPEN, clock });
        const raw = await client(device);
        device.admit();
        await device.close();
        await raw.ended;
        assert.equal(clock.pending, 0);
    });
});
