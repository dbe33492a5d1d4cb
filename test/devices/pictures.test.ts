import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { DeviceLink } from '../../devices/link';
import { fetchPicture, takeCgiSnapshot, takeSnapshot } from '../../devices/pictures';
import { Fault } from '../../protocols/errors';
import type { HttpRequest } from '../../protocols/http/client';

const JPEG = Buffer.from('ffd8ffe000104a464946ffd9', 'hex');
const status = (code: number) => `<ResponseStatus><statusCode>${code}</statusCode></ResponseStatus>`;

/** A device that gives these bodies with HTTP 200, in turn, the last one for ever; and what it was asked. */
function deviceGiving(...bodies: (Buffer | string)[]) {
    const asked: string[] = [];
    const link: DeviceLink = {
        request: async ({ path }: HttpRequest) => {
            asked.push(path);
            const body = bodies.length > 1 ? bodies.shift()! : bodies[0]!;
            return { statusCode: 200, headers: {}, body: Buffer.from(body) };
        },
        open: () => Promise.reject(new Fault('CLOSED')),
        close: () => undefined,
    };
    return { link, asked };
}

const DIRECT = '/ISAPI/Streaming/channels/201/picture';
const RELAYED = '/ISAPI/ContentMgmt/StreamingProxy/channels/201/picture';

describe('the picture that an event waits for', () => {
    // The timers of the system clock keep no process alive, and here is no socket that would.
    const alive = setInterval(() => undefined, 60_000);
    after(() => clearInterval(alive));

    it('comes from the main stream of the channel', async () => {
        const { link, asked } = deviceGiving(JPEG);
        assert.deepEqual((await takeSnapshot(link, 2)).data, JPEG);
        assert.deepEqual(asked, [DIRECT]);
    });

    it('is asked for once more where the device failed or is busy, and then relayed', async () => {
        for (const code of [2, 3]) {
            const { link, asked } = deviceGiving(status(code), status(code), JPEG);
            assert.deepEqual((await takeSnapshot(link, 2)).data, JPEG);
            assert.deepEqual(asked, [DIRECT, DIRECT, RELAYED]);
        }
    });

    it('is relayed at once where the recorder has none of its own', async () => {
        const { link, asked } = deviceGiving(status(6), JPEG);
        await takeSnapshot(link, 2);
        assert.deepEqual(asked, [DIRECT, RELAYED]);
    });

    it('is given up after four questions', async () => {
        const { link, asked } = deviceGiving(status(2));
        await assert.rejects(takeSnapshot(link, 2), { code: 'DEVICE_BUSY' });
        assert.deepEqual(asked, [DIRECT, DIRECT, RELAYED, RELAYED]);
    });

    it('comes from the CGI of a Dahua device', async () => {
        const { link, asked } = deviceGiving(JPEG);
        assert.equal((await takeCgiSnapshot(link, 3)).filename, 'snapshot_3.jpg');
        assert.deepEqual(asked, ['/cgi-bin/snapshot.cgi?channel=3']);
    });

    it('is fetched from the device itself, whatever host its URL names', async () => {
        const { link, asked } = deviceGiving(JPEG);
        await fetchPicture(link, 'http://192.0.2.1:8080/LOCALS/pic/acsLinkCap/1.jpg@WEB000000000123');
        await fetchPicture(link, 'http://192.0.2.1//pic/1.jpg');
        assert.deepEqual(asked, ['/LOCALS/pic/acsLinkCap/1.jpg@WEB000000000123', '/pic/1.jpg']);
        await assert.rejects(fetchPicture(link, 'file:///etc/passwd'), { code: 'PATH_INVALID' });
        assert.equal(asked.length, 2);
    });

    it('is none where the answer is not a JPEG, whatever it is called', async () => {
        await assert.rejects(fetchPicture(deviceGiving('<html>').link, '/a.jpg'), { code: 'ANSWER_UNREADABLE' });
    });
});
