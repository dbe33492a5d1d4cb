import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { XMLParser } from 'fast-xml-parser';
import { Camera, type CameraOptions } from '../../simulator/camera';
import { isLoopback } from '../../simulator/push/hostSlot';
import { ManualClock } from '../support/manualClock';
import { httpReceiver } from './alarmReceiver';
import { curl } from './support';

const RIGHT = 'admin:vigia123';
const BASE = '/ISAPI/Event/notification/httpHosts';

describe('the listening hosts of a simulated device', () => {
    const started: { close(): Promise<void> }[] = [];
    afterEach(async () => {
        for (const thing of started.splice(0).reverse()) await thing.close();
    });
    function keep<T extends { close(): Promise<void> }>(thing: T): T {
        started.push(thing);
        return thing;
    }
    const camera = async (options: CameraOptions = {}) => keep(await new Camera(options).listen());

    const get = async (device: Camera, path = BASE) => (await curl(`${device.origin}${path}`, RIGHT)).body.toString();
    const put = async (device: Camera, path: string, body: string) =>
        await curl(`${device.origin}${path}`, RIGHT, '-X', 'PUT', '--data-binary', body);

    /** The document of a slot as the device gave it, with some elements changed. */
    async function changed(device: Camera, changes: Record<string, string>): Promise<string> {
        let text = await get(device, `${BASE}/1`);
        for (const [name, value] of Object.entries(changes)) {
            text = text.replace(new RegExp(`<${name}>[^<]*</${name}>`), `<${name}>${value}</${name}>`);
        }
        return text;
    }

    it('are three free slots on a camera', async () => {
        const { HttpHostNotificationList: list } = new XMLParser().parse(await get(await camera()));
        assert.deepEqual(
            list.HttpHostNotification.map((slot: { id: number }) => slot.id),
            [1, 2, 3],
        );
        assert.equal(list.HttpHostNotification[0].ipAddress, '0.0.0.0');
    });

    it('are read, changed and put back whole, one by one or as a list', async () => {
        const device = await camera();
        const text = await changed(device, { ipAddress: '127.0.0.1', portNo: '8080', url: '/alarm/x' });
        assert.equal((await put(device, `${BASE}/1`, text)).status, 200);
        assert.match(await get(device, `${BASE}/1`), /<url>\/alarm\/x</);
        const list = (await get(device)).replaceAll('/alarm/x', 'alarm/y');
        assert.equal((await put(device, BASE, list)).status, 200);
        assert.match(await get(device), /<url>alarm\/y</);
    });

    it('speak JSON as well', async () => {
        const device = await camera();
        const { body } = await curl(`${device.origin}${BASE}?format=json`, RIGHT);
        const document = JSON.parse(body.toString());
        document.HttpHostNotificationList[1].HttpHostNotification.ipAddress = '127.0.0.1';
        assert.equal((await put(device, `${BASE}?format=json`, JSON.stringify(document))).status, 200);
        assert.equal(device.hosts.slots[1]!.ipAddress, '127.0.0.1');
    });

    it('never show a password again, and keep it when the document comes back without', async () => {
        const device = await camera();
        device.hosts.set(1, { password: 's3cret' });
        const text = await get(device, `${BASE}/1`);
        assert.doesNotMatch(text, /s3cret|password/);
        await put(device, `${BASE}/1`, text);
        assert.equal(device.hosts.slots[0]!.password, 's3cret');
    });

    it('start to post as soon as they are put', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera();
        const text = await changed(device, {
            ipAddress: '127.0.0.1',
            portNo: new URL(host.url).port,
            url: '/from/slot',
        });
        await put(device, `${BASE}/1`, text);
        assert.equal((await device.emit({ type: 'VMD' }).pushed)[0]?.delivered, true);
        assert.equal(host.requests[0]!.url, '/from/slot');
    });

    it('refuse a document that is not XML, has a wrong root, a wrong port or an unknown slot', async () => {
        const device = await camera();
        for (const body of [
            'no xml',
            '<Other/>',
            await changed(device, { portNo: '70000' }),
            await changed(device, { id: '9' }),
        ]) {
            assert.equal((await put(device, `${BASE}/1`, body)).status, 400);
        }
        assert.equal((await curl(`${device.origin}${BASE}/9`, RIGHT)).status, 400);
    });

    it('can be as strict as a DS-K1A8503MF: no HTTPS, no name, no low port, no empty slot', async () => {
        const device = await camera({ hosts: { strict: true } });
        const good = { ipAddress: '127.0.0.1', portNo: '8080' };
        assert.equal((await put(device, `${BASE}/1`, await changed(device, good))).status, 200);
        const refused: Record<string, string>[] = [
            { protocolType: 'HTTPS' },
            { portNo: '80' },
            { ipAddress: '0.0.0.0' },
            { addressingFormatType: 'hostname' },
        ];
        for (const wrong of refused) {
            assert.equal((await put(device, `${BASE}/1`, await changed(device, { ...good, ...wrong }))).status, 400);
        }
        const filler = { protocolType: 'EHome', ipAddress: '0.0.0.0', portNo: '15300' };
        assert.equal((await put(device, `${BASE}/1`, await changed(device, filler))).status, 200);
    });

    it('tell what they are able to, or 403 as recorders do', async () => {
        assert.match(await get(await camera(), `${BASE}/capabilities`), /<hostNumber>3<.*<urlLen min="1" max="128">/s);
        const silent = await camera({ hosts: { capabilities: 'forbidden' } });
        assert.equal((await curl(`${silent.origin}${BASE}/capabilities`, RIGHT)).status, 403);
    });

    it('test whether somebody listens, or fail to as real ones do', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera();
        const test = async (to: Camera, text: string) =>
            await curl(`${to.origin}${BASE}/1/test`, RIGHT, '-X', 'POST', '--data-binary', text);
        const reachable = await changed(device, { ipAddress: '127.0.0.1', portNo: new URL(host.url).port });
        assert.match((await test(device, reachable)).body.toString(), /<errorDescription>ok</);
        const elsewhere = await changed(device, { ipAddress: '192.0.2.1' });
        assert.match((await test(device, elsewhere)).body.toString(), /<errorDescription>connect failed</);
        assert.equal((await test(await camera({ hosts: { test: 'forbidden' } }), reachable)).status, 403);
        assert.equal((await test(await camera({ hosts: { test: 'failing' } }), reachable)).status, 500);
    });

    it('receive a heartBeat at the interval that the slot asks for', async () => {
        const host = keep(await httpReceiver(() => 200));
        const clock = new ManualClock();
        const device = await camera({ clock });
        device.pushTo(host.url);
        device.hosts.set(1, { SubscribeEvent: { heartbeat: '30', eventMode: 'all' } });
        clock.advance(30_000);
        await device.emit({ type: 'VMD' }).pushed;
        assert.match(host.bodies[0]!.toString(), /<eventType>heartBeat</);
        assert.match(host.bodies[1]!.toString(), /<eventType>VMD</);
    });

    it('know this machine from others', () => {
        for (const host of ['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost']) assert.ok(isLoopback(host), host);
        for (const host of ['192.168.0.1', '::2', 'example.org', 'localhost.example.org', ''])
            assert.ok(!isLoopback(host), host);
    });
});
