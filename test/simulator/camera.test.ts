import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { XMLParser } from 'fast-xml-parser';
import { Camera, type CameraOptions } from '../../simulator/camera';
import { ManualClock } from '../support/manualClock';
import { count, curl, RawClient, STREAM_REQUEST } from './support';

const RIGHT = 'admin:vigia123';
const OPEN = { login: { methods: 'none' as const } };

describe('a simulated camera', () => {
    const started: { close(): unknown }[] = [];
    afterEach(async () => {
        for (const thing of started.splice(0).reverse()) await thing.close();
    });

    async function camera(options: CameraOptions = {}): Promise<Camera> {
        const device = await new Camera(options).listen();
        started.push(device);
        return device;
    }

    async function client(device: Camera): Promise<RawClient> {
        const raw = new RawClient(device.port, STREAM_REQUEST);
        started.push(raw);
        await device.streams.whenOpen(device.streams.size + 1);
        return raw;
    }

    it('says who it is', async () => {
        const device = await camera();
        const { body } = await curl(`${device.origin}/ISAPI/System/deviceInfo`, RIGHT);
        const { DeviceInfo } = new XMLParser().parse(body);
        assert.equal(DeviceInfo.model, 'DS-2CD2185FWD-I');
        assert.equal(DeviceInfo.deviceType, 'IPCamera');
        assert.match(body.toString(), /\r\n<\/DeviceInfo>\r\n$/);
    });

    it('promises subscribeEvent among its capabilities', async () => {
        const device = await camera();
        const { body } = await curl(`${device.origin}/ISAPI/System/capabilities`, RIGHT);
        assert.match(body.toString(), /<SysCap>.*<isSupportSubscribeEvent>true<.*<\/SysCap>/s);
    });

    it('writes its own time with offset, and the POSIX zone with the sign inverted', async () => {
        const device = await camera({ offset: -180, clock: new ManualClock() });
        const { body } = await curl(`${device.origin}/ISAPI/System/time`, RIGHT);
        assert.match(body.toString(), /<localTime>2026-01-15T09:00:00-03:00</);
        assert.match(body.toString(), /<timeZone>CST\+3:00:00</);
    });

    it('gives back a document that was changed and put', async () => {
        const device = await camera();
        const url = `${device.origin}/ISAPI/System/Video/inputs/channels/1/motionDetection`;
        const text = (await curl(url, RIGHT)).body.toString();
        const changed = text.replace('<enabled>true<', '<enabled>false<');
        assert.equal((await curl(url, RIGHT, '-X', 'PUT', '--data-binary', changed)).status, 200);
        assert.equal((await curl(url, RIGHT)).body.toString(), changed);
        assert.equal((await curl(url, RIGHT, '-X', 'PUT', '--data-binary', '<Other/>')).status, 400);
    });

    it('takes snapshots in the size that is asked for', async () => {
        const device = await camera();
        const url = `${device.origin}/ISAPI/Streaming/channels/101/picture`;
        const whole = await curl(url, RIGHT);
        assert.equal(whole.contentType, 'image/jpeg');
        assert.equal(whole.body.subarray(0, 3).toString('hex'), 'ffd8ff');
        const small = await curl(`${url}?videoResolutionWidth=320`, RIGHT);
        const frame = small.body.indexOf(Buffer.from('ffc0', 'hex'));
        assert.deepEqual([small.body.readUInt16BE(frame + 7), small.body.readUInt16BE(frame + 5)], [320, 180]);
    });

    it('refuses a channel that it does not have', async () => {
        const device = await camera();
        assert.equal((await curl(`${device.origin}/ISAPI/Streaming/channels/201/picture`, RIGHT)).status, 400);
    });

    it('counts the line end of a body into Content-Length and lets the delimiter follow at once', async () => {
        const device = await camera(OPEN);
        const raw = await client(device);
        device.emit({ type: 'VMD' });
        device.emit({ type: 'VMD', state: 'inactive' });
        await raw.until(({ body }) => count(body, '</EventNotificationAlert>\r\n') === 2);
        assert.match(raw.head, /^HTTP\/1\.1 200 OK\r\nMIME-Version: 1\.0\r\nConnection: close\r\n/);
        assert.match(raw.head, /Content-Type: multipart\/mixed; boundary=boundary\r\n/);
        const text = raw.body.toString();
        const length = Number(/Content-Length: (\d+)/.exec(text)?.[1]);
        const start = text.indexOf('\r\n\r\n') + 4;
        assert.equal(text.slice(start + length, start + length + 12), '--boundary\r\n');
        const names = [...text.slice(start, start + length).matchAll(/^<(\w+)/gm)].map((match) => match[1]);
        const order = 'ipAddress portNo protocol macAddress channelID dateTime activePostCount eventType eventState';
        assert.equal(names.slice(1, 10).join(' '), order);
        assert.match(
            text.slice(start, start + length),
            /<eventType>VMD<.*<eventState>active<.*<\/EventNotificationAlert>\r\n$/s,
        );
    });

    it('tells line crossings with their regions, and sends the picture right behind', async () => {
        const device = await camera(OPEN);
        const raw = await client(device);
        const regions = [
            {
                points: [
                    [424, 642],
                    [161, 610],
                ] as [number, number][],
            },
        ];
        const { pictures } = device.emit({ type: 'linedetection', regions, pictures: true });
        await raw.until(({ body }) => body.includes(Buffer.concat([pictures[0]!.data, Buffer.from('\r\n')])));
        const text = raw.body.toString('latin1');
        assert.match(text, /<positionX>424<\/positionX>/);
        assert.match(text, new RegExp(`Content-Type: image/jpeg\r\nContent-Length: ${pictures[0]!.data.length}\r\n`));
    });

    it('sends a heartbeat every 10 s while idle, and none while events flow', async () => {
        const clock = new ManualClock();
        const device = await camera({ ...OPEN, clock });
        const raw = await client(device);
        clock.advance(20_000);
        await raw.until(({ body }) => count(body, '<eventType>videoloss<') === 2);
        for (let second = 0; second < 30; second++) {
            clock.advance(1000);
            device.emit({ type: 'VMD' });
        }
        await raw.until(({ body }) => count(body, '<eventType>VMD<') === 30);
        assert.equal(count(raw.body, '<eventType>videoloss<'), 2);
        assert.match(raw.body.toString(), /<activePostCount>0<.*<eventState>inactive</s);
    });

    it('has few stream slots, and answers 403 in the psialliance namespace beyond them', async () => {
        const device = await camera({ ...OPEN, streamSlots: 1 });
        await client(device);
        const { status, body } = await curl(`${device.origin}/ISAPI/Event/notification/alertStream`, undefined);
        assert.equal(status, 403);
        assert.match(body.toString(), /urn:psialliance-org.*<subStatusCode>invalidOperation</s);
    });

    it('arms a subscription for chosen event types', async () => {
        const device = await camera(OPEN);
        const wish =
            '<SubscribeEvent><eventMode>list</eventMode><EventList><Event><type>VMD</type></Event></EventList></SubscribeEvent>';
        const raw = new RawClient(
            device.port,
            `POST /ISAPI/Event/notification/subscribeEvent HTTP/1.1\r\nHost: d\r\nContent-Length: ${wish.length}\r\n\r\n${wish}`,
        );
        started.push(raw);
        await device.streams.whenOpen();
        device.emit({ type: 'linedetection' });
        device.emit({ type: 'VMD' });
        await raw.until(({ body }) => body.includes('<eventType>VMD<'));
        assert.match(raw.body.toString(), /^--boundary\r\n.*<SubscribeEventResponse .*<id>1<\/id>/s);
        assert.ok(!raw.body.includes('linedetection'));
    });

    it('falls silent when it stalls, and comes back', async () => {
        const device = await camera(OPEN);
        const raw = await client(device);
        device.stall();
        device.emit({ type: 'VMD' });
        device.resume();
        device.emit({ type: 'fielddetection' });
        await raw.until(({ body }) => body.includes('fielddetection'));
        assert.ok(!raw.body.includes('VMD'));
    });

    it('cuts its streams on demand', async () => {
        const device = await camera(OPEN);
        const raw = await client(device);
        device.dropStreams();
        await raw.ended;
        assert.equal((await curl(`${device.origin}/SDK/activateStatus`, undefined)).status, 200);
    });

    it('comes back on the same port after a reboot', async () => {
        const device = await camera(OPEN);
        const { port } = device;
        const raw = await client(device);
        await device.reboot(10);
        await raw.ended;
        assert.equal(device.port, port);
        assert.equal((await curl(`${device.origin}/SDK/activateStatus`, undefined)).status, 200);
    });

    it('reboots when a client asks, unless it is closed meanwhile', async () => {
        const device = await camera();
        assert.equal((await curl(`${device.origin}/ISAPI/System/reboot`, RIGHT, '-X', 'PUT')).status, 200);
        await device.close();
    });

    it('leaves no timer behind', async () => {
        const clock = new ManualClock();
        const device = await camera({ ...OPEN, clock, variants: ['close-after-40s'] });
        await client(device);
        await device.close();
        assert.equal(device.streams.size, 0);
        assert.equal(clock.pending, 0);
    });
});
