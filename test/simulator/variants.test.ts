import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { Camera } from '../../simulator/camera';
import { Nvr } from '../../simulator/nvr';
import { framingOf, VARIANTS, type VariantName } from '../../simulator/stream/variants';
import { Terminal } from '../../simulator/terminal';
import { ManualClock } from '../support/manualClock';
import { count, curl, RawClient, STREAM_REQUEST } from './support';

const HEARTBEAT = '<eventType>videoloss</eventType>';

/** Two events and a picture on a stream of the given variants; `use` sees the raw bytes. */
async function onTheWire(
    variants: VariantName[],
    complete: (client: RawClient) => boolean,
    use: (client: RawClient, camera: Camera) => void | Promise<void>,
): Promise<void> {
    const camera = await new Camera({ variants, login: { methods: 'none' }, heartbeatSeconds: 0 }).listen();
    const client = new RawClient(camera.port, STREAM_REQUEST);
    await camera.streams.whenOpen();
    camera.emit({ type: 'VMD' });
    camera.emit({ type: 'linedetection', pictures: [Buffer.from('ffd8ffe0414243ffd9', 'hex')] });
    camera.emit({ type: 'VMD', state: 'inactive' });
    await client.until(complete);
    await use(client, camera);
    client.close();
    await camera.close();
}

const whole = ({ body }: RawClient) => count(body, '</EventNotificationAlert>') === 3;

/** What must be found on the wire, by variant. */
const EXPECTATIONS: Partial<Record<VariantName, { head?: RegExp; body?: RegExp; absent?: RegExp }>> = {
    standard: {
        head: /boundary=boundary\r\n/,
        body: /^--boundary\r\nContent-Type: application\/xml; charset="UTF-8"\r\n/,
    },
    hikboundary: { head: /^(?!.*Connection).*boundary=hikboundary\r\n/s, body: /^--hikboundary\r\n/ },
    'mime-boundary': { head: /boundary=MIME_boundary\r\n/, body: /^--MIME_boundary\r\n/ },
    'quoted-boundary': { head: /boundary="boundary"\r\n/, body: /^--boundary\r\n/ },
    'declared-boundary-differs': { head: /boundary=MIME_boundary/, body: /^--boundary\r\n/ },
    'no-boundary': { head: /Content-Type: multipart\/mixed\r\n/, body: /^--boundary\r\n/ },
    'leading-dashes': { head: /boundary=-{27}7e/, body: /^-{29}7e/ },
    'declared-with-dashes': { head: /boundary=--boundary/, body: /^--boundary\r\n/ },
    'doubled-delimiters': { body: /^--boundary\r\n--boundary\r\nContent/ },
    'glued-delimiter': { body: /<\/EventNotificationAlert>--boundary\r\n/, absent: /Alert>\r\n--boundary/ },
    'end-markers': { body: /<\/EventNotificationAlert>\r\n--boundary--\r\n--boundary\r\n/ },
    nested: { body: /^--boundary\r\nContent-Length: \d+\r\n\r\n--boundary\r\nContent-Type: application\/xml/ },
    'nested-typed': {
        body: /^--boundary\r\nContent-Type: multipart\/mixed; boundary=boundary\r\nContent-Length: \d+\r\n\r\n--/,
    },
    'no-content-length': { body: /^--boundary\r\nContent-Type: [^\r]+\r\n\r\n</, absent: /Content-Length/ },
    'no-part-headers': { body: /^--boundary\r\n\r\n</, absent: /Content-Type/ },
    'lf-headers': { body: /^--boundary\nContent-Type: [^\r\n]+\nContent-Length: \d+\n\n</ },
    'http-glued': { body: /<\/EventNotificationAlert>\r\nHTTP\/1\.1 200 OK\r\nMIME/ },
    'close-delimited': { head: /^(?!.*(Connection|Content-Length|Transfer))/s },
    'keep-alive': { head: /Connection: keep-alive\r\n/ },
    chunked: { head: /Transfer-Encoding: chunked\r\n/, body: /^[0-9a-f]+\r\n--boundary/ },
    'garbage-between': { absent: /Alert>\r\n--boundary/ },
    'headerless-pictures': { body: /--boundary\r\n\xff\xd8\xff/ },
    trickle: { body: /^--boundary/ },
    'non-utf8-name': { body: /<channelName>P\xe1tio \xa7 7</ },
    'unescaped-ampersand': { body: /<channelName>Port\xc3\xa3o & Garagem</ },
};

describe('the framing variants', () => {
    for (const [name, { head, body, absent }] of Object.entries(EXPECTATIONS)) {
        it(`“${name}”: ${VARIANTS[name as VariantName].about}`, async () => {
            await onTheWire([name as VariantName], whole, (client) => {
                const text = client.body.toString('latin1');
                if (head) assert.match(client.head, head);
                if (body) assert.match(text, body);
                if (absent) assert.doesNotMatch(text, absent);
            });
        });
    }

    it('“nested” declares the length of the whole inner part', async () => {
        await onTheWire(['nested'], whole, ({ body }) => {
            const text = body.toString('latin1');
            const outer = Number(/Content-Length: (\d+)/.exec(text)![1]);
            const start = text.indexOf('\r\n\r\n') + 4;
            assert.match(text.slice(start, start + outer), /^--boundary\r\n.*<\/EventNotificationAlert>\r\n$/s);
            assert.match(text.slice(start + outer), /^--boundary\r\n/);
        });
    });

    for (const [name, error] of [
        ['short-length', -12],
        ['long-length', 7],
    ] as const) {
        it(`“${name}” errs by ${error} bytes`, async () => {
            await onTheWire([name], whole, ({ body }) => {
                const text = body.toString('latin1');
                const declared = Number(/Content-Length: (\d+)/.exec(text)![1]);
                const real = text.indexOf('--boundary', 1) - text.indexOf('\r\n\r\n') - 4;
                assert.equal(declared - real, error);
            });
        });
    }

    it('“trickle” writes single bytes', async () => {
        await onTheWire(['trickle'], whole, ({ chunks, bytes }) => {
            assert.ok(chunks.length > 50, `${bytes.length} bytes in ${chunks.length} pieces`);
        });
    });

    it('“stall-mid-part” stops in the third part, and the connection stays', async () => {
        const inThird = ({ body }: RawClient) => count(body, '--boundary\r\n') === 3;
        await onTheWire(['stall-mid-part'], inThird, (_client, camera) => {
            assert.equal(camera.streams.size, 1);
        });
    });

    it('“one-shot” is one bare heartbeat with a length, and the end', async () => {
        const camera = await new Camera({ variants: ['one-shot'], login: { methods: 'none' } }).listen();
        const url = `${camera.origin}/ISAPI/Event/notification/alertStream`;
        for (let time = 0; time < 2; time++) {
            const { contentType, body } = await curl(url, undefined);
            assert.equal(contentType, 'application/xml');
            assert.match(body.toString(), new RegExp(HEARTBEAT));
        }
        await camera.close();
    });

    it('“one-shot-alternating” answers 403 every other time', async () => {
        const camera = await new Camera({ variants: ['one-shot-alternating'], login: { methods: 'none' } }).listen();
        const url = `${camera.origin}/ISAPI/Event/notification/alertStream`;
        const statuses: number[] = [];
        for (let time = 0; time < 4; time++) statuses.push((await curl(url, undefined)).status);
        assert.deepEqual(statuses, [200, 403, 200, 403]);
        await camera.close();
    });

    it('“close-after-40s” ends the stream in good order', async () => {
        const clock = new ManualClock();
        const camera = await new Camera({ variants: ['close-after-40s'], login: { methods: 'none' }, clock }).listen();
        const client = new RawClient(camera.port, STREAM_REQUEST);
        await camera.streams.whenOpen();
        clock.advance(39_000);
        assert.equal(camera.streams.size, 1);
        clock.advance(1_000);
        await client.ended;
        await camera.close();
    });

    it('reach recorders and terminals as well', async () => {
        const nvr = await new Nvr({ variants: ['non-utf8-name'], login: { methods: 'none' } }).listen();
        const terminal = await new Terminal({ variants: ['non-utf8-name'], login: { methods: 'none' } }).listen();
        for (const [device, emit] of [
            [nvr, () => nvr.emit({ type: 'VMD' })],
            [terminal, () => terminal.emit({ major: 5, minor: 21 })],
        ] as const) {
            const client = new RawClient(device.port, STREAM_REQUEST);
            await device.streams.whenOpen();
            emit();
            await client.until(({ body }) => body.includes(Buffer.from('P\xe1tio \xa7 7', 'latin1')));
            client.close();
            await device.close();
        }
    });

    it('are all covered here', () => {
        const elsewhere = [
            'one-shot',
            'one-shot-alternating',
            'short-length',
            'long-length',
            'stall-mid-part',
            'close-after-40s',
        ];
        assert.deepEqual([...Object.keys(EXPECTATIONS), ...elsewhere].sort(), Object.keys(VARIANTS).sort());
    });

    it('combine, the later over the earlier', () => {
        const framing = framingOf(['doubled-delimiters', 'no-content-length', 'mime-boundary']);
        assert.equal(framing.delimiters, 2);
        assert.equal(framing.lengthError, undefined);
        assert.equal(framing.declared, 'MIME_boundary');
    });

    it('refuse a name that is not theirs', () => {
        assert.throws(
            () => framingOf(['constructor']),
            (error: unknown) => error instanceof Fault && error.code === 'CONFIG_INVALID',
        );
    });
});
