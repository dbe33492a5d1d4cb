import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PictureDesk, type PicturePolicy, type PictureSource } from '../../devices/pictureDesk';
import type { Occurrence, Picture } from '../../events/deviceEvent';
import { Fault } from '../../protocols/errors';

function occurrence(id: string, more: Partial<Occurrence> = {}): Occurrence {
    const event = { id, state: 'pulse', channel: 2 } as Occurrence['event'];
    return { event, pictures: [], raw: { format: 'json' }, ...more };
}

function picture(filename: string): Picture {
    return { role: 'scene', contentType: 'image/jpeg', filename, data: Buffer.from('x') };
}

const slowDevice: PictureSource = {
    snapshot: async (channel) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return picture(`snapshot_${channel}.jpg`);
    },
    fetchPicture: async (url) => {
        if (url.includes('gone')) throw new Fault('NOT_FOUND', { details: { path: url } });
        return picture('fetched.jpg');
    },
};

/** Pushes and waits until as many came out. */
async function through(policy: PicturePolicy, occurrences: Occurrence[]): Promise<Occurrence[]> {
    const out: Occurrence[] = [];
    await new Promise<void>((resolve) => {
        const desk = new PictureDesk(policy, slowDevice, (done) => {
            out.push(done);
            if (out.length === occurrences.length) resolve();
        });
        for (const one of occurrences) desk.push(one);
    });
    return out;
}

describe('the pictures of an event', () => {
    it('pass at once where the device sent them', () => {
        const out: Occurrence[] = [];
        new PictureDesk('with', slowDevice, (done) => out.push(done)).push(
            occurrence('a', { pictures: [picture('p')] }),
        );
        assert.equal(out.length, 1);
    });

    it('are left out on request', async () => {
        const [only] = await through('none', [occurrence('a', { pictures: [picture('p')] })]);
        assert.deepEqual(only?.pictures, []);
    });

    it('are taken where the event has none, and no event overtakes another meanwhile', async () => {
        const second = occurrence('b', { pictures: [picture('own')] });
        const out = await through('snapshot', [occurrence('a'), second]);
        assert.deepEqual(
            out.map(({ event, pictures }) => [event.id, pictures[0]?.filename]),
            [
                ['a', 'snapshot_2.jpg'],
                ['b', 'own'],
            ],
        );
    });

    it('are fetched where the event only names them, in the role it gave', async () => {
        const links: Occurrence['links'] = [{ role: 'face', url: 'http://192.0.2.1/p/1.jpg@WEB000000000011' }];
        const [only] = await through('with', [occurrence('a', { links })]);
        assert.equal(only?.pictures[0]?.role, 'face');
    });

    it('that cannot be had leave a warning, not a hole', async () => {
        const links: Occurrence['links'] = [{ role: 'face', url: '/gone.jpg' }];
        const [only] = await through('with', [occurrence('a', { links })]);
        assert.match(only?.event.warnings?.[0] ?? '', /picture-missing: .*gone/);
    });

    it('are not waited for when the node closes: the events come out without them, and only once', async () => {
        const out: Occurrence[] = [];
        const desk = new PictureDesk('snapshot', slowDevice, (done) => out.push(done));
        desk.push(occurrence('a'));
        desk.push(occurrence('b'));
        desk.close();
        assert.deepEqual(
            out.map(({ event }) => event.id),
            ['a', 'b'],
        );
        await new Promise((resolve) => setTimeout(resolve, 60));
        assert.deepEqual(
            out.map(({ pictures }) => pictures.length),
            [0, 0],
        );
    });
});
