import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import busboy from 'busboy';
import { Fault } from '../../protocols/errors';
import { Camera, type CameraOptions } from '../../simulator/camera';
import { mayCall } from '../../simulator/push/hostSlot';
import { PUSH_VARIANTS, type PushVariantName, pushStyleOf } from '../../simulator/push/pushVariants';
import { httpReceiver, OK, okWhenWhole, RawReceiver } from './alarmReceiver';

const PICTURE = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(3000, 0x41), Buffer.from('ffd9', 'hex')]);
const CROSSING = { type: 'linedetection', pictures: [PICTURE] };

describe('a simulated device that posts its alarms', () => {
    const started: { close(): Promise<void> }[] = [];
    afterEach(async () => {
        for (const thing of started.splice(0).reverse()) await thing.close();
    });
    function keep<T extends { close(): Promise<void> }>(thing: T): T {
        started.push(thing);
        return thing;
    }
    async function camera(url: string, options: CameraOptions = {}): Promise<Camera> {
        const device = keep(await new Camera({ retryInterval: 10, ...options }).listen());
        device.pushTo(url);
        return device;
    }

    it('sends a bare XML event and hears the 200', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera(host.url);
        const [result] = await device.emit({ type: 'VMD' }).pushed;
        assert.deepEqual([result?.delivered, result?.status, result?.attempts], [true, 200, 1]);
        assert.equal(host.requests[0]!.url, '/alarm');
        assert.equal(host.requests[0]!.headers['content-type'], 'application/xml; charset="UTF-8"');
        assert.match(host.bodies[0]!.toString(), /^<EventNotificationAlert .*<eventType>VMD</s);
    });

    it('sends JSON where the slot says so', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera(host.url);
        device.hosts.set(1, { parameterFormatType: 'JSON' });
        await device.emit({ type: 'VMD' }).pushed;
        assert.equal(JSON.parse(host.bodies[0]!.toString()).eventType, 'VMD');
    });

    it('wraps event and picture into form data that busboy reads', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera(host.url);
        await device.emit(CROSSING).pushed;
        const files: { filename: string; data: Buffer }[] = [];
        const fields: Record<string, string> = {};
        await new Promise((resolve) => {
            const parser = busboy({ headers: host.requests[0]!.headers });
            parser.on('field', (name, value) => {
                fields[name] = String(value);
            });
            parser.on('file', async (_name, stream, { filename }) => {
                const chunks: Buffer[] = [];
                for await (const chunk of stream) chunks.push(chunk);
                files.push({ filename: filename ?? '', data: Buffer.concat(chunks) });
            });
            parser.on('close', () => setImmediate(resolve));
            parser.end(host.bodies[0]);
        });
        assert.match(fields.linedetection ?? '', /<eventType>linedetection</);
        assert.equal(files[0]?.filename, 'detectionPicture.jpg');
        assert.ok(files[0]?.data.equals(PICTURE));
    });

    /** What must be found in the raw bytes of one post, by variant. */
    const expectations: Partial<Record<PushVariantName, { present: RegExp; absent?: RegExp }>> = {
        standard: { present: /Content-Type: multipart\/form-data; boundary=boundary\r\n/ },
        'form-data': { present: /multipart\/form-data/ },
        mixed: { present: /Content-Type: multipart\/mixed.*Content-Disposition: attachment; name="linedetection"/s },
        'query-string': { present: /^POST \/alarm\?macAddress=[^ ]*&eventType=linedetection[^ ]* HTTP/ },
        urlencoded: { present: /application\/x-www-form-urlencoded.*\r\n\r\nmacAddress=/s },
        'mime-boundary': { present: /--MIME_boundary\r\n/, absent: /Content-Length: \d+\r\n\r\n</ },
        'leading-dashes': { present: /\r\n-{29}7e13971310878\r\n/ },
        'unnamed-parts': { present: /--boundary\r\nContent-Type: application\/xml/, absent: /Content-Disposition/ },
        'unquoted-names': { present: /form-data;name=detectionPicture\.jpg;filename=detectionPicture\.jpg\r\n/ },
        'bare-parts': { present: /--boundary\r\n\r\n<Event.*--boundary\r\n\r\n\xff\xd8/s },
        'no-final-boundary': { present: /\xff\xd9\r\n$/ },
        'headers-in-body': {
            present: /\r\n\r\nContent-Type: multipart\/form-data; boundary=boundary\r\n\r\n--boundary/,
        },
        'wrong-content-type': { present: /^POST .*?\r\nContent-Type: text\/plain\r\n/s },
        'no-content-type': { present: /^POST \/alarm HTTP\/1\.1\r\nHost:/ },
        slow: { present: /\xff\xd9\r\n--boundary--\r\n$/ },
        'keep-alive': { present: /Connection: Keep-Alive\r\n/ },
    };
    for (const [name, { present, absent }] of Object.entries(expectations)) {
        it(`“${name}”: ${PUSH_VARIANTS[name as PushVariantName].about}`, async () => {
            const host = keep(await RawReceiver.listen(okWhenWhole));
            const device = await camera(host.url, { pushVariants: [name] });
            const [result] = await device.emit(CROSSING).pushed;
            assert.equal(result?.delivered, true);
            assert.match(host.text, present);
            if (absent) assert.doesNotMatch(host.text, absent);
        });
    }

    for (const [name, end] of [
        ['truncated-picture', /\xff\xd8\xff\xe0A+$/],
        ['truncated-text', /\r\n\r\n<Event.*[^>]$/s],
    ] as const) {
        it(`“${name}” announces the whole and cuts the connection`, async () => {
            const host = keep(await RawReceiver.listen(okWhenWhole));
            const device = await camera(host.url, { pushVariants: [name] });
            const [result] = await device.emit(CROSSING).pushed;
            assert.deepEqual([result?.delivered, result?.attempts], [false, 1]);
            await host.until(() => end.test(host.text));
            const head = host.text.indexOf('\r\n\r\n') + 4;
            assert.ok(Number(/Content-Length: (\d+)/.exec(host.text)![1]) > host.text.length - head);
        });
    }

    it('“chunked” and “expect-continue” are understood by Node’s own server', async () => {
        for (const variant of ['chunked', 'expect-continue'] as const) {
            const host = keep(await httpReceiver(() => 200));
            const device = await camera(host.url, { pushVariants: [variant] });
            const [result] = await device.emit(CROSSING).pushed;
            assert.equal(result?.delivered, true);
            const { headers } = host.requests[0]!;
            assert.equal(
                variant === 'chunked' ? headers['transfer-encoding'] : headers.expect,
                variant === 'chunked' ? 'chunked' : '100-continue',
            );
            assert.ok(host.bodies[0]!.includes(PICTURE));
        }
    });

    it('“until-close” tells the end of the body by the end of the connection', async () => {
        const host = keep(await RawReceiver.listen((bytes) => (bytes.includes('--boundary--') ? OK : undefined)));
        const device = await camera(host.url, { pushVariants: ['until-close'] });
        const [result] = await device.emit(CROSSING).pushed;
        assert.equal(result?.delivered, true);
        const head = host.text.slice(0, host.text.indexOf('\r\n\r\n'));
        assert.doesNotMatch(head, /Content-Length|Transfer-Encoding/);
    });

    it('“drops-query” forgets what stands behind the question mark of its URL', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera(`${host.url}?token=abc`, { pushVariants: ['drops-query'] });
        await device.emit({ type: 'VMD' }).pushed;
        assert.equal(host.requests[0]!.url, '/alarm');
    });

    it('has every variant covered here', () => {
        const elsewhere = [
            'truncated-picture',
            'truncated-text',
            'chunked',
            'expect-continue',
            'until-close',
            'drops-query',
        ];
        assert.deepEqual([...Object.keys(expectations), ...elsewhere].sort(), Object.keys(PUSH_VARIANTS).sort());
        assert.throws(
            () => pushStyleOf(['toString']),
            (error: unknown) => error instanceof Fault,
        );
    });

    it('uses one connection for many posts, or one for each', async () => {
        for (const [variants, connections] of [
            [['keep-alive'], 1],
            [[], 3],
        ] as const) {
            const host = keep(await RawReceiver.listen(okWhenWhole));
            const device = await camera(host.url, { pushVariants: variants });
            for (let time = 0; time < 3; time++) await device.emit({ type: 'VMD' }).pushed;
            assert.equal(host.received.length, connections);
        }
    });

    it('repeats an event until it hears 200', async () => {
        const host = keep(await httpReceiver((index) => (index < 3 ? 500 : 200)));
        const device = await camera(host.url);
        const [result] = await device.emit({ type: 'VMD' }).pushed;
        assert.deepEqual([result?.delivered, result?.attempts], [true, 4]);
        assert.ok(
            host.bodies.every((body) => body.equals(host.bodies[0]!)),
            'the same bytes each time',
        );
    });

    it('loses what it cannot connect for, unless the slot has httpBroken', async () => {
        const host = await httpReceiver(() => 200);
        await host.close();
        const device = await camera(host.url);
        const [lost] = await device.emit({ type: 'VMD' }).pushed;
        assert.equal(lost?.delivered, false);
        assert.match(lost?.error ?? '', /ECONNREFUSED/);
        device.hosts.set(1, { httpBroken: 'true' });
        const kept = device.emit({ type: 'VMD' }).pushed;
        assert.equal(device.pushes.pending, 1);
        await device.close();
        assert.equal((await kept)[0]?.error, 'the device was closed');
    });

    it('logs in with digest or Basic where the host asks for it', async () => {
        const host = keep(await httpReceiver((_index, request) => (request.headers.authorization ? 200 : 401)));
        const device = await camera(host.url);
        device.pushTo(host.url, { username: 'cam', password: 's3cret' });
        const [digest] = await device.emit({ type: 'VMD' }).pushed;
        assert.equal(digest?.delivered, true);
        const { authorization = '' } = host.requests[1]!.headers;
        const md5 = (text: string) => createHash('md5').update(text).digest('hex');
        const cnonce = /cnonce="(\w+)"/.exec(authorization)![1];
        const expected = md5(`${md5('cam:host:s3cret')}:n1:00000001:${cnonce}:auth:${md5('POST:/alarm')}`);
        assert.match(authorization, new RegExp(`^Digest username="cam".*response="${expected}"`));
        device.pushTo(host.url, { username: 'cam', password: 's3cret', method: 'basic' });
        await device.emit({ type: 'VMD' }).pushed;
        assert.equal(host.requests[2]!.headers.authorization, 'Basic Y2FtOnMzY3JldA==');
    });

    it('cuts a post short even where it logs in', async () => {
        const host = keep(await RawReceiver.listen(() => undefined));
        const device = await camera(host.url, { pushVariants: ['truncated-picture'] });
        device.pushTo(host.url, { username: 'cam', password: 's3cret', method: 'basic' });
        const [result] = await device.emit(CROSSING).pushed;
        assert.equal(result?.error, 'cut on purpose');
    });

    it('refuses to call another machine unless its user named it', async () => {
        const device = await camera('http://192.0.2.1:8080/alarm');
        const [result] = await device.emit({ type: 'VMD' }).pushed;
        assert.deepEqual(result, { delivered: false, attempts: 0, error: '192.0.2.1 is not this machine' });
        assert.ok(mayCall('192.0.2.1', ['192.0.2.1']));
        assert.ok(!mayCall('192.0.2.2', ['192.0.2.1']));
    });

    it('stays silent after a reboot until httpHosts is put, where the firmware does', async () => {
        const host = keep(await httpReceiver(() => 200));
        const device = await camera(host.url, { resumesAfterReboot: false });
        await device.reboot();
        assert.deepEqual(await device.emit({ type: 'VMD' }).pushed, []);
        device.pushTo(host.url);
        assert.equal((await device.emit({ type: 'VMD' }).pushed)[0]?.delivered, true);
    });
});
