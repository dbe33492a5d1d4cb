import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { IsupDevice } from '../../simulator/isupDevice';
import { head, talk, withHost } from '../protocols/isapi/support/recordingHost';
import { until, withListener } from '../protocols/isup/rig';

const EVENT = '{"eventType":"VMD","eventState":"active"}';
/** Each address may have so many that thousands need several. */
const ADDRESSES = 10;
const EACH = 200;
const LOOPBACK = process.platform === 'linux' ? false : 'it needs the loopback addresses of Linux';

/** Connections that say nothing, from several addresses. */
async function idlers(port: number, say = ''): Promise<Socket[]> {
    const sockets: Socket[] = [];
    for (let address = 1; address <= ADDRESSES; address += 1) {
        const batch = Array.from({ length: EACH }, () => {
            const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.9.${address}` });
            socket.on('error', () => socket.destroy());
            if (say !== '') socket.write(say);
            return socket;
        });
        await Promise.all(batch.map((socket) => (socket.connecting ? once(socket, 'connect') : undefined)));
        sockets.push(...batch);
    }
    return sockets;
}

describe('thousands of connections that say nothing', { skip: LOOPBACK }, () => {
    it('keep no device from posting to a listening host', () =>
        withHost({}, async (host) => {
            const idle = [...(await idlers(host.port)), ...(await idlers(host.port, 'POST /alarm HTTP/1.1\r\nX: '))];
            const { answer } = talk(host.port, head(EVENT.length, 'Connection: close') + EVENT);
            assert.match(await answer, /^HTTP\/1\.1 200/);
            assert.equal(host.posts.length, 1);
            for (const socket of idle) socket.destroy();
        }));

    it('keep no device from registering by ISUP, and are gone after their time', () =>
        withListener({ defaultKey: 'Test1234key', advertise: '', limits: { stepTimeout: 3000 } }, async (rig) => {
            const idle = await idlers(rig.port);
            const device = new IsupDevice({ host: '127.0.0.1', port: rig.port, deviceId: 'CAM1', key: 'Test1234key' });
            try {
                assert.equal(await device.start(), 'online');
                await until('only the device to be left', () => rig.listener.openConnections === 1);
            } finally {
                device.destroy();
                for (const socket of idle) socket.destroy();
            }
        }));
});

describe('connections that say something very slowly', () => {
    it('lose what they hold after the time of a post, while others are served', () =>
        withHost({ limits: { idle: 5000, total: 2000 } }, async (host) => {
            const slow = Array.from({ length: 50 }, () => talk(host.port, head(5000)));
            const drip = setInterval(() => {
                for (const { socket } of slow) if (socket.writable) socket.write('x');
            }, 100);
            try {
                const { answer } = talk(host.port, head(EVENT.length, 'Connection: close') + EVENT);
                assert.match(await answer, /^HTTP\/1\.1 200/);
                for (const { answer: ended } of slow) await ended;
                assert.equal(host.codes().filter((code) => code === 'BODY_TIMEOUT').length, slow.length);
            } finally {
                clearInterval(drip);
            }
        }));

    it('are cut off where they never end their headers', () =>
        withHost({}, async (host) => {
            const slow = Array.from({ length: 20 }, () => talk(host.port, 'POST /alarm HTTP/1.1\r\n'));
            const drip = setInterval(() => {
                for (const { socket } of slow) if (socket.writable) socket.write('X-A: b\r\n');
            }, 500);
            try {
                for (const { answer } of slow) assert.match(await answer, /^(HTTP\/1\.1 4\d\d|$)/);
                assert.equal(host.posts.length, 0);
            } finally {
                clearInterval(drip);
            }
        }));
});
