import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { AlarmReceiver } from '../../devices/alarmReceiver';
import { Device } from '../../devices/device';
import type { Occurrence } from '../../events/deviceEvent';
import type { Post } from '../../protocols/isapi/alarmHost';
import { readDeviceConfig } from '../../runtime/settings/deviceConfig';
import { alert, jpeg, picturePart, textPart } from '../events/support';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };

/** A device that writes down the bytes it gets and answers what the test wants. */
class Recorder {
    readonly heads: string[] = [];
    body = '<A/>';
    readonly #sockets = new Set<Socket>();
    readonly #server: Server = createServer((socket) => this.#serve(socket));

    async listen(): Promise<number> {
        await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        return (this.#server.address() as { port: number }).port;
    }

    close(): void {
        for (const socket of this.#sockets) socket.destroy();
        this.#server.close();
    }

    #serve(socket: Socket): void {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk: Buffer) => {
            this.heads.push(chunk.toString('latin1'));
            const head = `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${this.body.length}`;
            socket.write(`${head}\r\n\r\n${this.body}`);
        });
    }
}

describe('what a message holds', () => {
    const recorder = new Recorder();
    let device: Device;

    before(async () => {
        const port = await recorder.listen();
        device = new Device(readDeviceConfig({ host: '127.0.0.1', port, auth: 'none' }, LOGIN, (text) => text));
    });
    after(async () => {
        await device.close();
        recorder.close();
    });

    const send = (request: object) => device.requests.send(request as { path: string }, {});

    it('puts no line into a request: from path, query, method, header names or their values', async () => {
        const breaks = ['\r\n', '\n', '\r', '\u0000', '\u2028', '\u560d\u560a'];
        const injected = 'X-Injected: 1';
        for (const line of breaks) {
            const text = `a${line}${injected}${line}${line}GET /second HTTP/1.1`;
            for (const request of [
                { path: `/x${text}` },
                { path: '/x', query: { q: text, [text]: 'q', list: [text] } },
                { path: '/x', headers: { 'X-A': text } },
                { path: '/x', headers: { [text]: 'a' } },
                { path: '/x', method: `GET${text}` },
            ]) {
                // Whether it is refused or escaped: what counts is what reaches the device.
                await send(request).catch(() => undefined);
            }
        }
        assert.ok(recorder.heads.length > 0);
        for (const head of recorder.heads) {
            assert.doesNotMatch(head, /\nX-Injected/i);
            assert.equal(head.match(/^[A-Z]+ \S+ HTTP\/1\.1\r$/gm)?.length, 1, head);
        }
    });

    it('does not decide whom we talk to, or as whom', async () => {
        recorder.heads.length = 0;
        await send({
            path: '/x',
            headers: {
                Host: 'other',
                authorization: 'Basic eDp5',
                'Content-Length': '5',
                'transfer-encoding': 'chunked',
                connection: 'upgrade',
            },
        });
        const [head = ''] = recorder.heads;
        assert.match(head, /^Host: 127\.0\.0\.1:\d+\r$/m);
        assert.doesNotMatch(head, /other|eDp5|chunked|upgrade/);
    });

    it('cannot reach the prototype of objects, as keys of queries, headers or answers', async () => {
        const evil = JSON.parse(
            '{"__proto__":{"polluted":"1"},"constructor":{"prototype":{"polluted":"1"}}}',
        ) as object;
        await send({ path: '/x', query: evil, headers: evil }).catch(() => undefined);
        await device.requests.run('deviceInfo', evil as Record<string, unknown>, {}).catch(() => undefined);
        assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });

    it('is not made longer by entities in the answer of a device', async () => {
        const levels = Array.from({ length: 20 }, (_none, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`);
        recorder.body = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">${levels.join('')}]><DeviceInfo><model>&e20;&f;</model></DeviceInfo>`;
        const { payload } = await device.requests.run('deviceInfo', {}, {});
        const text = JSON.stringify(payload);
        assert.ok(text.length < 2000);
        assert.doesNotMatch(text, /root:|hahaha/);
        recorder.body = '<A/>';
    });
});

describe('the names that a device gives its pictures', () => {
    const names = [
        '../../../etc/cron.d/x',
        '/etc/passwd',
        'C:\\Windows\\System32\\x.dll',
        '\\\\server\\share\\x.jpg',
        'CON',
        'nul.jpg',
        'COM1:',
        'x\u0000.jpg',
        'x.jpg\r\nContent-Type: text/html',
        '.htaccess',
        '-rf',
        '~/x',
        '$(reboot).jpg',
        'photo\u202egpj.exe',
        '．．／x',
        'e\u0301'.repeat(100),
        'x'.repeat(100_000),
        ' ',
    ];

    it('do not become the names of files', () => {
        const seen: Occurrence[] = [];
        const receiver = new AlarmReceiver({
            filter: { kinds: [], channels: [], repeat: 'all', hold: 0, replay: 'all', heartbeats: false },
            pictures: 'with',
            onOccurrence: (occurrence) => seen.push(occurrence),
            onUnreadable: (_part, reason) => assert.fail(reason),
        });
        for (const [index, name] of names.entries()) {
            const dateTime = `2026-11-20T13:${10 + index}:00+01:00`;
            const event = alert({ eventType: 'linedetection', dateTime, channelName: name.replace(/[<&]/g, '') });
            const picture = picturePart({ name, filename: name, contentId: name, body: jpeg() });
            receiver.receive({
                parts: [textPart(event), picture],
                source: '192.0.2.9',
                receivedAt: Date.now() + index * 10_000,
                respond: () => true,
            } as unknown as Post);
        }
        receiver.close();
        const files = seen.flatMap(({ pictures }) => pictures.map(({ filename }) => filename));
        assert.equal(files.length, names.length);
        for (const file of files) {
            assert.match(file, /^\d{8}-\d{6}_[A-Za-z0-9.-]+_\d+_[A-Za-z0-9.-]+_\d+\.jpg$/, file);
            assert.ok(file.length < 130 && !file.includes('..'), file);
        }
    });
});
