import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { HttpClient } from '../../../protocols/http/client';
import { SpokenLogin } from '../../../protocols/http/spokenLogin';
import { TestDevice, USER } from './support/device';

const PASSWORD = 'pá&ss"1<2';
const login = new SpokenLogin({ username: 'admin', password: PASSWORD });
const BASIC = Buffer.from(`admin:${PASSWORD}`).toString('base64');

describe('a device that says back the login', () => {
    it('is not quoted, in whatever form it says it', () => {
        for (const form of [
            PASSWORD,
            BASIC,
            encodeURIComponent(PASSWORD),
            JSON.stringify(PASSWORD).slice(1, -1),
            'pá&amp;ss&quot;1&lt;2',
            'pá&#38;ss&#34;1&#60;2',
        ]) {
            assert.equal(login.hide(Buffer.from(`before ${form} after`)).toString(), 'before *** after', form);
        }
    });

    it('keeps every other byte', () => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_none, byte) => byte));
        assert.equal(login.hide(bytes), bytes);
        const words = Buffer.from('a of b');
        assert.equal(
            new SpokenLogin({ username: 'x', password: 'of' }).hide(words),
            words,
            'too short to be told apart',
        );
        assert.equal(new SpokenLogin({}).hide(words), words);
    });

    it('is not quoted where it arrives in pieces', async () => {
        const source = new PassThrough();
        const body = login.hideInStream(source);
        const text = `x ${PASSWORD} y ${BASIC} z`;
        for (const byte of Buffer.from(text)) source.write(Buffer.from([byte]));
        source.end();
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(chunk as Buffer);
        assert.equal(Buffer.concat(chunks).toString(), 'x *** y *** z');
    });

    it('lets go of a stream that breaks, or that nobody wants any more', async () => {
        const broken = new PassThrough();
        const body = login.hideInStream(broken);
        const ended = new Promise((resolve) => body.once('close', resolve));
        body.resume();
        broken.destroy(new Error('gone'));
        await ended;
        const unwanted = new PassThrough();
        const gone = new Promise((resolve) => unwanted.once('close', resolve));
        const other = login.hideInStream(unwanted);
        other.resume();
        unwanted.write('x');
        other.destroy();
        unwanted.end();
        await gone;
    });

    it('is heard by nobody who asks through the client', async () => {
        const page = `no: ${USER.password}`;
        const device = new TestDevice({
            page: (seen, response) => {
                if (seen.url === '/moved') response.writeHead(302, { Location: `http://other/${USER.password}` }).end();
                else response.writeHead(seen.url === '/fine' ? 200 : 500).end(page);
            },
        });
        await device.start();
        const client = new HttpClient({
            protocol: 'http',
            host: '127.0.0.1',
            port: device.port,
            auth: 'auto',
            ...USER,
        });
        try {
            assert.equal((await client.request({ path: '/' })).body.toString(), 'no: ***');
            const stream = await client.open({ path: '/' });
            const chunks: Buffer[] = [];
            for await (const chunk of stream.body) chunks.push(chunk as Buffer);
            assert.equal(Buffer.concat(chunks).toString(), 'no: ***');
            assert.equal((await client.request({ path: '/fine' })).body.toString(), page, 'content is left alone');
            await assert.rejects(client.request({ path: '/moved' }), { message: /http:\/\/other\/\*\*\*/ });
        } finally {
            client.close();
            await device.stop();
        }
    });
});
