import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Device } from '../../devices/device';
import { readDeviceConfig } from '../../runtime/settings/deviceConfig';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);

describe('the address of a picture, in an event that anybody may have sent,', () => {
    let camera: Server;
    let other: Server;
    let device: Device;
    const asked: IncomingMessage[] = [];
    let others = 0;

    const portOf = (server: Server) => (server.address() as AddressInfo).port;
    const listen = (server: Server, host: string) =>
        new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));

    before(async () => {
        camera = createServer((request, response) => {
            asked.push(request);
            if (request.url === '/moved') {
                response.writeHead(302, { Location: `http://127.0.0.1:${portOf(other)}/inside` }).end();
            } else response.end(JPEG);
        });
        // On all addresses, so that no form of this machine's name goes unnoticed.
        other = createServer((_request, response) => response.end(JPEG)).on('connection', () => {
            others += 1;
        });
        await listen(camera, '127.0.0.1');
        await listen(other, '0.0.0.0');
        const config = { host: '127.0.0.1', port: portOf(camera), timeout: 2000 };
        device = new Device(readDeviceConfig({ ...config }, LOGIN, (text) => text));
    });

    after(async () => {
        await device.close();
        for (const server of [camera, other]) {
            server.closeAllConnections();
            server.close();
        }
    });

    it('leads to the device of the node and to nobody else', async () => {
        const port = portOf(other);
        const hosts = [
            `127.0.0.1:${port}`,
            `localhost:${port}`,
            `2130706433:${port}`,
            `0x7f.1:${port}`,
            `[::1]:${port}`,
            `[::ffff:127.0.0.1]:${port}`,
            `admin:secret@127.0.0.1:${port}`,
            `127.0.0.1:${portOf(camera)}@127.0.0.1:${port}`,
            '169.254.169.254',
        ];
        for (const host of hosts) {
            const picture = await device.fetchPicture(`http://${host}/pic/1.jpg@WEB01`);
            assert.ok(picture.data.equals(JPEG), host);
            assert.equal(asked.at(-1)?.url, '/pic/1.jpg@WEB01');
            assert.equal(asked.at(-1)?.headers.host, `127.0.0.1:${portOf(camera)}`);
        }
        assert.equal(others, 0);
    });

    it('has to be one of HTTP, without anything that could break the request', async () => {
        const before = asked.length;
        const port = portOf(other);
        for (const url of [
            'file:///etc/passwd',
            `gopher://127.0.0.1:${port}/x`,
            `//127.0.0.1:${port}/x`,
            `\\\\127.0.0.1:${port}\\x`,
            `http:\\\\127.0.0.1:${port}\\x`,
            `http:/127.0.0.1:${port}/x`,
            'javascript:alert(1)',
            '',
            '/a\r\nHost: other',
            'http://127.0.0.1/a HTTP/1.1\r\nX-Injected: 1\r\n\r\nGET /b',
        ]) {
            await assert.rejects(device.fetchPicture(url), /Fault/, JSON.stringify(url));
        }
        assert.equal(asked.length, before, 'nothing was sent');
        assert.equal(others, 0);
    });

    it('is not followed elsewhere by a redirect', async () => {
        await assert.rejects(device.fetchPicture('/moved'), { code: 'REDIRECTED' });
        assert.equal(others, 0);
    });

    it('is none that does something: Dahua takes commands by GET', async () => {
        const before = asked.length;
        for (const path of [
            '/cgi-bin/magicBox.cgi?action=reboot',
            '/cgi-bin/configManager.cgi?action=setConfig&Encode[0].x=1',
            '/CGI-BIN/userManager.cgi?action=deleteUser&name=admin',
            '/pic/../cgi-bin/magicBox.cgi?action=reboot',
            '/pic/%2e%2e/cgi-bin/magicBox.cgi?action=reboot',
            '/%63gi-bin/magicBox.cgi?action=reboot',
            '/.//cgi-bin//magicBox.cgi',
            '/cgi-bin/snapshot.cgi/../magicBox.cgi?action=reboot',
            '/cgi-bin\\magicBox.cgi?action=reboot',
            '/a%',
        ]) {
            await assert.rejects(device.fetchPicture(`http://192.0.2.1${path}`), { code: 'PATH_INVALID' }, path);
        }
        assert.equal(asked.length, before);
        for (const path of [
            '/cgi-bin/RPC_Loadfile/mnt/a.jpg',
            '/cgi-bin/snapshot.cgi?channel=1',
            '/LOCALS/pic/1.jpg',
        ]) {
            await device.fetchPicture(path);
            assert.equal(asked.at(-1)?.url, path);
        }
    });
});
