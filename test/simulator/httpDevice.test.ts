import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { HttpDevice } from '../../simulator/httpDevice';
import { curl, RawClient } from './support';

const RIGHT = 'admin:vigia123';

describe('the HTTP side of a simulated device', () => {
    let device: HttpDevice;
    before(async () => {
        device = await new HttpDevice().listen();
    });
    after(() => device.close());

    it('listens on this machine only', () => {
        assert.match(device.origin, /^http:\/\/127\.0\.0\.1:\d+$/);
    });

    it('tells without a login whether it is activated', async () => {
        const { status, body } = await curl(`${device.origin}/SDK/activateStatus`, undefined);
        assert.equal(status, 200);
        assert.match(body.toString(), /<Activated>true<\/Activated>/);
    });

    it('answers an unknown path with a ResponseStatus, as XML or as JSON', async () => {
        const xml = await curl(`${device.origin}/ISAPI/none`, RIGHT);
        assert.equal(xml.status, 404);
        assert.match(xml.body.toString(), /<requestURL>\/ISAPI\/none<.*<subStatusCode>notSupport</s);
        const json = await curl(`${device.origin}/ISAPI/none?format=json`, RIGHT);
        assert.match(json.contentType, /application\/json/);
        assert.equal(JSON.parse(json.body.toString()).errorCode, 1073741825);
    });

    it('answers a wrong method with 405', async () => {
        assert.equal((await curl(`${device.origin}/ISAPI/Security/userCheck`, RIGHT, '-X', 'DELETE')).status, 405);
    });

    it('lets a test answer in its place, once or for good', async () => {
        device.misbehave('GET', '/ISAPI/Security/userCheck', (exchange) => exchange.outcome('deviceBusy'));
        assert.equal((await curl(`${device.origin}/ISAPI/Security/userCheck`, RIGHT)).status, 503);
        assert.equal((await curl(`${device.origin}/ISAPI/Security/userCheck`, RIGHT)).status, 200);
        const restore = device.route('GET', '/ISAPI/{word}/twice', (exchange) => exchange.json(exchange.params));
        const { body } = await curl(`${device.origin}/ISAPI/said/twice`, RIGHT);
        assert.equal(body.toString(), '{\n\t"word":\t"said"\n}');
        restore();
        assert.equal((await curl(`${device.origin}/ISAPI/said/twice`, RIGHT)).status, 404);
    });

    it('shows what it was asked, and over how many connections', async () => {
        const before = device.requests.length;
        await curl(`${device.origin}/SDK/activateStatus`, undefined, `${device.origin}/SDK/activateStatus`);
        const [first, second] = device.requests.slice(before);
        assert.equal(first!.status, 200);
        assert.equal(first!.connection, second!.connection);
    });

    it('says that its port is taken', async () => {
        const second = new HttpDevice({ port: device.port });
        await assert.rejects(second.listen(), (error: Fault) => error instanceof Fault && error.code === 'PORT_IN_USE');
        await second.close();
    });
});

describe('a simulated device in an unusual state', () => {
    it('answers notActivated to everything but the activation status', async () => {
        const device = await new HttpDevice({ activated: false }).listen();
        const { status, body } = await curl(`${device.origin}/ISAPI/Security/userCheck`, undefined);
        assert.equal(status, 403);
        assert.match(body.toString(), /notActivated/);
        assert.match((await curl(`${device.origin}/SDK/activateStatus`, undefined)).body.toString(), /false/);
        await device.close();
    });

    it('shows a certificate of its own over TLS', async () => {
        const device = await new HttpDevice({ tls: true }).listen();
        assert.equal((await curl(`${device.origin}/ISAPI/Security/userCheck`, RIGHT)).status, 200);
        const certificate = new X509Certificate(device.certificate!);
        assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
        assert.ok(certificate.verify(certificate.publicKey), 'signed by itself');
        assert.deepEqual(new Set(device.requests.map(({ connection }) => connection)), new Set([1]));
        await device.close();
    });

    it('can put stray bytes before the status line', async () => {
        const device = await new HttpDevice({ strayBytes: '#' }).listen();
        const client = new RawClient(device.port, 'GET /SDK/activateStatus HTTP/1.1\r\nHost: d\r\n\r\n');
        await client.until(({ bytes }) => bytes.includes('</ActivateStatus>'));
        assert.equal(client.bytes.subarray(0, 9).toString(), '#HTTP/1.1');
        client.close();
        await device.close();
    });

    it('leaves no connection behind when it is closed', async () => {
        const device = await new HttpDevice().listen();
        const client = new RawClient(device.port, 'GET /SDK/activateStatus HTTP/1.1\r\nHost: d\r\n\r\n');
        await client.until(({ bytes }) => bytes.length > 0);
        await device.close();
        await client.ended;
        assert.equal(device.openConnections, 0);
    });
});
