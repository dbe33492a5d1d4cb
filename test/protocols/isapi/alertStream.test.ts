import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Fault } from '../../../protocols/errors';
import { LoginBreaker } from '../../../protocols/http/breaker';
import { AlertStream, type AlertStreamOptions } from '../../../protocols/isapi/alertStream';
import { Camera } from '../../../simulator/camera';
import { VARIANTS } from '../../../simulator/stream/variants';
import { raw, streamPart, xmlEvent } from '../../support/wireBytes';
import { type Answer, answer, eventStream, responseStatus, ScriptedDevice } from './support/scriptedDevice';
import { eventually, OpenClock, StreamRecorder } from './support/streamRecorder';

const XML = 'application/xml; charset="UTF-8"';
const motion = xmlEvent('VMD').trimEnd();
const part = streamPart('boundary', XML, xmlEvent('VMD'));
const NEW_PATH = '/ISAPI/Event/notification/alertStream';
const OLD_PATH = '/Event/notification/alertStream';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
});

/** A device with the given answers, and a stream from it. */
async function setUp(
    answers: Answer[],
    options: Partial<AlertStreamOptions> = {},
): Promise<{ device: ScriptedDevice; recorder: StreamRecorder }> {
    const device = await new ScriptedDevice(...answers).start();
    stops.push(() => device.stop());
    const client = device.client();
    const recorder = new StreamRecorder((request) => client.open(request), options);
    stops.push(() => recorder.stream.close());
    return { device, recorder };
}

describe('an alert stream', () => {
    it('connects, is online, and hands out parts as they come', async () => {
        const { device, recorder } = await setUp([eventStream(part)]);
        await recorder.until(() => recorder.parts.length === 1);
        assert.deepEqual(recorder.states, ['connecting', 'online']);
        assert.deepEqual(recorder.opened, ['alertstream']);
        assert.equal(recorder.parts[0]?.body.toString(), motion);
        assert.equal(device.requests[0]?.path, NEW_PATH);
        assert.equal(recorder.stream.state, 'online');
        assert.equal(recorder.stream.lastByteAt, recorder.clock.now());
        device.responses[0]?.write(part);
        await recorder.until(() => recorder.parts.length === 2);
    });

    it('frees its slot before close resolves, and tells nothing more', async () => {
        const { device, recorder } = await setUp([eventStream(part)]);
        await recorder.until(() => recorder.parts.length === 1);
        const told = recorder.changes.length;
        await recorder.stream.close();
        await eventually(() => device.openConnections === 0);
        assert.equal(recorder.changes.length, told);
        assert.equal(recorder.clock.pending, 0);
        assert.equal(recorder.stream.state, 'offline');
    });

    it('may be closed at any moment: while it connects, waits, or hands out a part', async () => {
        const silent: Answer = () => undefined;
        const connecting = await setUp([silent]);
        await connecting.device.seen(1);
        await connecting.recorder.stream.close();
        await eventually(() => connecting.device.openConnections === 0);

        const waiting = await setUp([answer(503, 'text/plain', 'busy')]);
        await waiting.recorder.until(() => waiting.recorder.stream.state === 'offline');
        await waiting.recorder.stream.close();
        assert.equal(waiting.recorder.clock.pending, 0);

        const { device, recorder } = await setUp([eventStream(raw(part, part))]);
        let closed: Promise<void> | undefined;
        recorder.onPart = () => {
            closed ??= recorder.stream.close();
            recorder.lost.push({ kind: 'skipped', bytes: 0, start: Buffer.alloc(0), headers: {} });
        };
        await eventually(() => closed !== undefined);
        await closed;
        assert.equal(recorder.lost.length, 1, 'the second part of the chunk is told to nobody');
        await eventually(() => device.openConnections === 0);

        const never = new AlertStream({
            open: () => new Promise(() => undefined),
            mode: 'auto',
            watchdog: 60,
            listener: recorder,
        });
        await never.close();
    });

    it('closes a connection that opens after it was given up', async () => {
        const device = await new ScriptedDevice(eventStream(part)).start();
        stops.push(() => device.stop());
        const client = device.client();
        let admit: () => void = () => undefined;
        const admitted = new Promise<void>((resolve) => {
            admit = resolve;
        });
        const recorder = new StreamRecorder(async (request) => {
            await admitted;
            return client.open({ path: request.path });
        });
        const closed = recorder.stream.close();
        admit();
        await closed;
        await eventually(() => device.openConnections === 0);
        assert.deepEqual(recorder.parts, []);
        assert.deepEqual(recorder.states, ['connecting']);
    });

    it('hands out a picture whose end does not show after a moment of silence', async () => {
        const sound = streamPart('boundary', 'audio/wav', Buffer.alloc(300, 1));
        const { recorder } = await setUp([eventStream(part, sound)]);
        await recorder.until(() => recorder.parts.length === 1);
        await eventually(() => recorder.clock.waits(200), 'no timer for the silence');
        recorder.clock.advance(199);
        assert.equal(recorder.parts.length, 1);
        recorder.clock.advance(1);
        assert.equal(recorder.parts.length, 2);
        assert.equal(recorder.parts[1]?.body.length, 300);
    });

    it('survives a listener that fails, with a new connection', async () => {
        const { recorder } = await setUp([eventStream(part)]);
        let failures = 0;
        recorder.onPart = () => {
            failures += 1;
            throw new Error('a reader with a bug');
        };
        await recorder.until(() => recorder.stream.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'UNEXPECTED');
        await recorder.pass(1000);
        await eventually(() => failures === 2);
    });

    it('tells what could not be read', async () => {
        const half = streamPart('boundary', XML, motion.slice(0, 200));
        const { recorder } = await setUp([eventStream(half, '\r\n', part)]);
        await recorder.until(() => recorder.parts.length === 1);
        assert.deepEqual(
            recorder.lost.map(({ kind, bytes }) => [kind, bytes]),
            [['text-broken', 202]],
        );
    });
});

describe('when the stream breaks', () => {
    it('it is opened again after 1, 2, 5, 10, 20, 30 and 60 s, spread by a fifth', async () => {
        const { device, recorder } = await setUp([answer(503, 'text/plain', '')], { random: () => 0 });
        for (const seconds of [1, 2, 5, 10, 20, 30, 60, 60]) {
            await recorder.until(() => recorder.lastChange?.state === 'offline');
            const { retryAt, fault } = recorder.lastChange ?? {};
            assert.equal(fault?.code, 'DEVICE_BUSY');
            assert.equal((retryAt ?? 0) - recorder.clock.now(), seconds * 800);
            const requests = device.requests.length;
            await eventually(() => recorder.clock.waits(seconds * 800));
            recorder.clock.advance(seconds * 800 - 1);
            assert.equal(recorder.lastChange?.state, 'offline');
            recorder.clock.advance(1);
            await recorder.until(() => recorder.lastChange?.state === 'connecting');
            await device.seen(requests + 1);
        }
    });

    it('the waits begin anew after a minute of health', async () => {
        const { device, recorder } = await setUp([
            answer(503, 'text/plain', ''),
            answer(503, 'text/plain', ''),
            eventStream(part),
            answer(503, 'text/plain', ''),
        ]);
        for (const seconds of [1, 2]) {
            await recorder.until(() => recorder.lastChange?.state === 'offline');
            await recorder.pass(seconds * 1000);
            await recorder.until(() => recorder.lastChange?.state !== 'offline');
        }
        await recorder.until(() => recorder.parts.length === 1);
        recorder.clock.advance(59_000);
        device.responses[2]?.write(part);
        await recorder.until(() => recorder.parts.length === 2);
        recorder.clock.advance(1000);
        device.responses[2]?.destroy();
        await recorder.until(() => recorder.lastChange?.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'CONNECTION_LOST');
        assert.equal((recorder.lastChange?.retryAt ?? 0) - recorder.clock.now(), 1000);
    });

    it('silence ends it after the watchdog, which any byte sets back', async () => {
        const { device, recorder } = await setUp([eventStream(part)], { watchdog: 20 });
        await recorder.until(() => recorder.parts.length === 1);
        for (let beat = 0; beat < 3; beat += 1) {
            recorder.clock.advance(19_000);
            const before = recorder.stream.lastByteAt;
            device.responses[0]?.write('\r\n');
            await eventually(() => recorder.stream.lastByteAt !== before);
        }
        assert.equal(recorder.stream.state, 'online');
        recorder.clock.advance(20_000);
        await recorder.until(() => recorder.lastChange?.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'STREAM_STALLED');
        assert.equal(recorder.lastChange?.fault?.message, 'Nothing arrived for 20 s, not even a heartbeat.');
        await eventually(() => device.openConnections === 0, 'the silent connection stays open');
        await recorder.pass(1000);
        await recorder.until(() => recorder.parts.length === 2);
        assert.deepEqual(recorder.states.slice(-3), ['offline STREAM_STALLED', 'connecting', 'online']);
    });

    it('three times 64 KiB without an event end it', async () => {
        const { recorder } = await setUp([eventStream('x', Buffer.alloc(200 * 1024, '.'))]);
        await recorder.until(() => recorder.lastChange?.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'FRAMING_LOST');
        assert.equal(recorder.lost.length, 3);
    });

    it('what was cut off is told', async () => {
        const { device, recorder } = await setUp([eventStream(part, part.subarray(0, -100))]);
        await recorder.until(() => recorder.parts.length === 1);
        device.responses[0]?.end();
        await recorder.until(() => recorder.lastChange?.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'STREAM_ENDED');
        assert.deepEqual(
            recorder.lost.map(({ kind }) => kind),
            ['text-cut'],
        );
    });

    it('a device that closes again and again within a minute is called again at once, and nothing flaps', async () => {
        const { device, recorder } = await setUp([eventStream(part)]);
        for (let round = 0; round < 6; round += 1) {
            await recorder.until(() => recorder.parts.length === round + 1);
            recorder.clock.advance(40_000);
            device.responses[round]?.end();
            if (round > 0) continue;
            await recorder.until(() => recorder.lastChange?.state === 'offline');
            await recorder.pass(1000);
        }
        await recorder.until(() => recorder.parts.length === 7);
        assert.deepEqual(recorder.states, ['connecting', 'online', 'offline STREAM_ENDED', 'connecting', 'online']);
        assert.equal(recorder.opened.length, 7, 'a reader of events hears of every opening');
    });

    it('but when it does not come back, that is told', async () => {
        const { device, recorder } = await setUp([
            eventStream(part),
            eventStream(part),
            answer(503, 'text/plain', 'rebooting'),
        ]);
        await recorder.until(() => recorder.parts.length === 1);
        recorder.clock.advance(30_000);
        device.responses[0]?.end();
        await recorder.until(() => recorder.lastChange?.state === 'offline');
        await recorder.pass(1000);
        await recorder.until(() => recorder.parts.length === 2);
        recorder.clock.advance(30_000);
        device.responses[1]?.end();
        await recorder.until(() => recorder.lastChange?.fault?.code === 'DEVICE_BUSY');
    });
});

describe('a device that answers one document in place of a stream (DS-KB6003)', () => {
    const heartbeat = answer(200, 'application/xml', motion);
    const refusal = answer(403, 'application/xml', responseStatus(4, 'Invalid Operation'));

    it('is asked again after 10 s, without an error', async () => {
        const { recorder } = await setUp([heartbeat]);
        for (let round = 1; round < 5; round += 1) {
            await recorder.until(() => recorder.parts.length === round);
            assert.equal(recorder.parts[0]?.contentType, 'application/xml');
            await recorder.pass(11_000);
        }
        assert.deepEqual(recorder.states, ['connecting', 'online']);
    });

    it('may refuse in between', async () => {
        const { device, recorder } = await setUp([heartbeat, refusal, heartbeat, refusal, heartbeat]);
        for (let request = 1; request < 6; request += 1) {
            await device.seen(request);
            await recorder.pass(11_000);
        }
        assert.equal(recorder.parts.length, 3);
        assert.deepEqual(recorder.states, ['connecting', 'online']);
    });

    it('but not for ever', async () => {
        const { device, recorder } = await setUp([heartbeat, refusal], { watchdog: 30 });
        for (let request = 1; request < 4; request += 1) {
            await device.seen(request);
            await recorder.pass(11_000);
        }
        await recorder.until(() => recorder.stream.state === 'forbidden');
        assert.deepEqual(recorder.states, ['connecting', 'online', 'forbidden NO_SLOT']);
    });
});

describe('when the device refuses', () => {
    it('a password, the stream is locked and waits as long as the device says', async () => {
        const userCheck =
            '<userCheck><statusValue>401</statusValue><statusString>Unauthorized</statusString>' +
            '<lockStatus>lock</lockStatus><unlockTime>1800</unlockTime></userCheck>';
        const device = await new ScriptedDevice((response) =>
            response
                .writeHead(401, { 'www-authenticate': 'Digest realm="x", nonce="y", qop="auth"', 'content-type': XML })
                .end(userCheck),
        ).start();
        stops.push(() => device.stop());
        const clock = new OpenClock();
        const breaker = new LoginBreaker({ clock });
        const client = device.client({ auth: 'auto', username: 'admin', password: 'wrong', breaker });
        const recorder = new StreamRecorder((request) => client.open(request), {}, clock);
        stops.push(() => recorder.stream.close());
        await recorder.until(() => recorder.stream.state === 'locked');
        const { fault, unlockAt, retryAt } = recorder.lastChange ?? {};
        assert.match(fault?.code ?? '', /^AUTH_/);
        assert.equal(unlockAt, recorder.clock.now() + 1_800_000);
        assert.ok((retryAt ?? 0) > (unlockAt ?? 0));
        const asked = device.requests.length;
        await eventually(() => recorder.clock.waits(1_801_000));
        recorder.clock.advance(1_800_000);
        assert.equal(device.requests.length, asked, 'nothing is asked while the device is locked');
        recorder.clock.advance(1000);
        await device.seen(asked + 1);

        await recorder.until(() => recorder.lastChange?.state === 'locked' && recorder.changes.length > 3);
        const before = device.requests.length;
        await eventually(() => recorder.clock.waits((recorder.lastChange?.retryAt ?? 0) - recorder.clock.now()));
        breaker.reset();
        recorder.stream.retryNow();
        await device.seen(before + 1);
    });

    it('a permission, it is forbidden and tried again after a minute', async () => {
        const { recorder } = await setUp([answer(403, 'text/html', '<html>Forbidden</html>')]);
        await recorder.until(() => recorder.stream.state === 'forbidden');
        assert.equal(recorder.lastChange?.fault?.code, 'FORBIDDEN');
        assert.equal((recorder.lastChange?.retryAt ?? 0) - recorder.clock.now(), 60_000);
    });

    for (const [words, document] of [
        ['invalidOperation', responseStatus(4, 'Invalid Operation', 'invalidOperation')],
        ['deployExceedMax', responseStatus(4, 'Invalid Operation', 'deployExceedMax')],
        ['errorCode 0x60006018', '{"statusCode":4,"statusString":"Invalid Operation","errorCode":1610637336}'],
    ] as const)
        it(`for want of a free connection (${words}), that is said`, async () => {
            for (const status of [403, 200]) {
                const { recorder } = await setUp([answer(status, XML, document)], { mode: 'alertStream' });
                await recorder.until(() => recorder.stream.state === 'forbidden');
                assert.equal(recorder.lastChange?.fault?.code, 'NO_SLOT', `HTTP ${status}`);
                assert.equal((recorder.lastChange?.retryAt ?? 0) - recorder.clock.now(), 60_000);
                assert.ok(!recorder.states.includes('online'));
            }
        });

    it('the path, the older one is tried once', async () => {
        const old: Answer = (response, request, body) =>
            request.url === OLD_PATH
                ? eventStream(part)(response, request, body)
                : response.writeHead(404, { 'content-type': 'text/html' }).end('<html>Not Found</html>');
        const { device, recorder } = await setUp([old], { mode: 'alertStream' });
        await recorder.until(() => recorder.parts.length === 1);
        assert.deepEqual(
            device.requests.map(({ path }) => path),
            [NEW_PATH, OLD_PATH],
        );
        assert.deepEqual(recorder.states, ['connecting', 'online']);
        recorder.clock.advance(70_000);
        await recorder.until(() => recorder.stream.state === 'offline');
        await recorder.pass(1000);
        await device.seen(3);
        assert.equal(device.requests[2]?.path, OLD_PATH, 'what worked once is asked first');
    });

    it('both paths, that is told and only the first one is asked again', async () => {
        const { device, recorder } = await setUp([answer(404, 'text/html', '<html></html>')], { mode: 'alertStream' });
        await recorder.until(() => recorder.stream.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'NOT_FOUND');
        assert.equal(recorder.lastChange?.fault?.details.path, NEW_PATH);
        await recorder.pass(1000);
        await device.seen(3);
        assert.deepEqual(
            device.requests.map(({ path }) => path),
            [NEW_PATH, OLD_PATH, NEW_PATH],
        );
    });

    it('with a web page, it is no event stream', async () => {
        for (const [type, page] of [
            ['text/html', '<!DOCTYPE html><html><body>Login</body></html>'],
            ['text/plain', '<html><body>Login</body></html>'],
            ['image/jpeg', '\xff\xd8\xff'],
        ] as const) {
            const { recorder } = await setUp([answer(200, type, page)], { mode: 'alertStream' });
            await recorder.until(() => recorder.stream.state === 'offline');
            assert.deepEqual(recorder.states, ['connecting', 'offline STREAM_NOT_EVENTS'], type);
        }
    });

    it('with a word that it is OK, it is no event stream either', async () => {
        const { recorder } = await setUp([answer(200, XML, responseStatus(1, 'OK', 'ok'))], { mode: 'alertStream' });
        await recorder.until(() => recorder.stream.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'STREAM_NOT_EVENTS');
    });

    it('to connect at all, that is told', async () => {
        const { device, recorder } = await setUp([eventStream()], {});
        await recorder.stream.close();
        const client = device.client();
        await device.stop();
        const other = new StreamRecorder((request) => client.open(request));
        stops.push(() => other.stream.close());
        await other.until(() => other.lastChange?.fault !== undefined);
        assert.notEqual(other.stream.state, 'online');
    });

    it('to answer at all, the opening is given up', async () => {
        const recorder = new StreamRecorder(() => new Promise(() => undefined), { mode: 'alertStream' });
        await recorder.pass(45_000);
        await recorder.pass(1000);
        await recorder.until(() => recorder.stream.state === 'offline');
        assert.equal(recorder.lastChange?.fault?.code, 'RESPONSE_TIMEOUT');
        await recorder.stream.close();
    });

    it('a login for which there is nothing to log in with, it is forbidden', async () => {
        const recorder = new StreamRecorder(() => Promise.reject(new Fault('AUTH_MISSING')));
        stops.push(() => recorder.stream.close());
        await recorder.until(() => recorder.stream.state === 'forbidden');
        assert.equal(recorder.lastChange?.fault?.code, 'AUTH_MISSING');
        assert.ok((recorder.lastChange?.retryAt ?? 0) - recorder.clock.now() >= 60_000);
    });
});

describe('a subscription', () => {
    const PATH = '/ISAPI/Event/notification/subscribeEvent';
    const reply = (failed: string) =>
        streamPart(
            'boundary',
            XML,
            `<SubscribeEventResponse version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><id>7</id>${failed}</SubscribeEventResponse>\r\n`,
        );

    it('posts what it wants, and keeps the reply to itself', async () => {
        const { device, recorder } = await setUp([eventStream(reply('<FailedEventList/>'), part)], {
            mode: 'subscribe',
        });
        await recorder.until(() => recorder.parts.length === 1);
        assert.equal(recorder.parts[0]?.body.toString(), motion);
        const [request] = device.requests;
        assert.equal(request?.method, 'POST');
        assert.equal(request?.path, PATH);
        assert.match(request?.body ?? '', /<heartbeat>30<\/heartbeat><eventMode>all<\/eventMode>/);
        assert.deepEqual(recorder.opened, ['subscribe']);
        assert.deepEqual(recorder.warnings, []);
    });

    it('may ask for some events only, and tells which ones the device does not report', async () => {
        const failed =
            '<FailedEventList><Event><type>ANPR</type></Event><Event><type>TMPA</type></Event></FailedEventList>';
        const { device, recorder } = await setUp([eventStream(reply(failed), part)], {
            mode: 'subscribe',
            events: async () => ['VMD', 'ANPR', 'TMPA'],
        });
        await recorder.until(() => recorder.parts.length === 1);
        assert.match(
            device.requests[0]?.body ?? '',
            /<eventMode>list<\/eventMode><EventList><Event><type>VMD<\/type><\/Event>/,
        );
        assert.equal(recorder.warnings[0]?.code, 'EVENTS_REFUSED');
        assert.match(recorder.warnings[0]?.message ?? '', /ANPR, TMPA/);
        assert.equal(recorder.stream.state, 'online');
    });

    it('does not mind a device that begins with events', async () => {
        const { recorder } = await setUp([eventStream(part, part)], { mode: 'subscribe' });
        await recorder.until(() => recorder.parts.length === 2);
    });

    for (const [status, document] of [
        [404, '<html></html>'],
        [405, ''],
        [501, ''],
        [403, responseStatus(4, 'Invalid Operation', 'notSupport')],
        [403, responseStatus(4, 'Invalid Operation', 'invalidOperation')],
        [400, responseStatus(6, 'Invalid XML Content', 'eventNotSupport')],
        [200, responseStatus(6, 'Invalid XML Content', 'badXmlContent')],
    ] as const)
        it(`gives way to the plain stream where the device answers ${status} ${document.slice(-90, -60)}`, async () => {
            const { device, recorder } = await setUp(
                [answer(status, document.startsWith('<?xml') ? XML : 'text/html', document), eventStream(part)],
                { mode: 'subscribe' },
            );
            await recorder.until(() => recorder.parts.length === 1);
            assert.deepEqual(
                device.requests.map(({ path }) => path),
                [PATH, NEW_PATH],
            );
            assert.deepEqual(recorder.states, ['connecting', 'online']);
            assert.deepEqual(recorder.opened, ['alertstream']);
        });

    it('is tried again with the next connection where the device had only no room for it', async () => {
        const full = answer(403, XML, responseStatus(4, 'Invalid Operation', 'deployExceedMax'));
        const { device, recorder } = await setUp([full, eventStream(part), eventStream(reply(''), part)], {
            mode: 'subscribe',
        });
        await recorder.until(() => recorder.parts.length === 1);
        device.responses[1]?.destroy();
        await recorder.until(() => recorder.stream.state === 'offline');
        recorder.clock.advance(60_000);
        await recorder.until(() => recorder.parts.length === 2);
        assert.deepEqual(
            device.requests.map(({ path }) => path),
            [PATH, NEW_PATH, PATH],
        );
        assert.deepEqual(recorder.opened, ['alertstream', 'subscribe']);
    });

    it('is what auto falls back to where there is no plain stream', async () => {
        const missing = answer(404, 'text/html', '<html></html>');
        const { device, recorder } = await setUp([missing, missing, eventStream(reply(''), part)]);
        await recorder.until(() => recorder.parts.length === 1);
        assert.deepEqual(
            device.requests.map(({ path }) => path),
            [NEW_PATH, OLD_PATH, PATH],
        );
        assert.deepEqual(recorder.opened, ['subscribe']);
    });

    it('is armed at the simulated camera', async () => {
        const camera = await new Camera({ heartbeatSeconds: 0, subscribe: true }).listen();
        stops.push(() => camera.close());
        const device = await new ScriptedDevice().start();
        stops.push(() => device.stop());
        const { username, password } = camera.login.options;
        const client = device.client({ port: camera.port, auth: 'auto', username, password });
        const recorder = new StreamRecorder((request) => client.open(request), { mode: 'subscribe' });
        stops.push(() => recorder.stream.close());
        await recorder.until(() => recorder.stream.state === 'online');
        camera.streams.beat();
        await recorder.until(() => recorder.parts.length === 1);
        assert.match(recorder.parts[0]?.body.toString() ?? '', /EventNotificationAlert/);
    });
});

describe('the stream of a simulated camera', () => {
    const framings = Object.entries(VARIANTS).filter(([name]) => !/^(one-shot|stall|close-after)/.test(name));
    for (const [name, { about }] of framings)
        it(`is read: ${name} (${about})`, async () => {
            const camera = await new Camera({ heartbeatSeconds: 0, variants: [name] }).listen();
            stops.push(() => camera.close());
            const device = await new ScriptedDevice().start();
            stops.push(() => device.stop());
            const { username, password } = camera.login.options;
            const client = device.client({ port: camera.port, auth: 'auto', username, password });
            const recorder = new StreamRecorder((request) => client.open(request));
            stops.push(() => recorder.stream.close());
            await camera.streams.whenOpen();
            for (let beat = 0; beat < 4; beat += 1) camera.streams.beat();
            await recorder.until(() => recorder.parts.length === 4);
            for (const { body } of recorder.parts) {
                assert.match(
                    body.toString('latin1'),
                    /^(<\?xml[^>]*>\s*)?<EventNotificationAlert[\s\S]*<\/EventNotificationAlert>$/,
                );
            }
            assert.equal(recorder.stream.state, 'online');
        });
});
