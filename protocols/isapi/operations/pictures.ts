import { Fault } from '../../errors';
import { jpegOf, PICTURE_LIMIT, takeSnapshot } from '../snapshot';
import { STREAM_PARAMETERS } from './channels';
import type { Context, Operations, Result, Values } from './operation';

export const PICTURE_OPERATIONS: Operations = {
    snapshot: {
        area: 'pictures',
        parameters: {
            ...STREAM_PARAMETERS,
            width: { type: 'integer', min: 16, max: 16384 },
            height: { type: 'integer', min: 16, max: 16384 },
            url: { type: 'text', length: 2048 },
        },
        run: snapshot,
    },
    pictureByUrl: {
        area: 'pictures',
        parameters: { url: { type: 'text', required: true, length: 4096 } },
        run: pictureByUrl,
    },
};

async function snapshot(context: Context, values: Values): Promise<Result> {
    const channel = values.number('channel');
    const override = values.text('url').trim();
    const taken = await takeSnapshot(context.ask, {
        channel,
        stream: values.number('stream'),
        width: values.optionalNumber('width'),
        height: values.optionalNumber('height'),
        ...(override !== '' && { override: pathOfUrl(override) }),
    });
    const filename = `${new Date(context.clock.now()).toISOString().replace(/[:.]/g, '-')}_${channel}.jpg`;
    const extra = { contentType: taken.contentType, filename: context.filename ?? filename };
    return { payload: taken.picture, answer: taken.answer, path: taken.path, extra };
}

async function pictureByUrl(context: Context, values: Values): Promise<Result> {
    const path = pathOfUrl(values.text('url').trim());
    const answer = await context.ask({ path, maxBody: PICTURE_LIMIT });
    return { payload: jpegOf(answer), answer, path, extra: { contentType: 'image/jpeg' } };
}

/**
 * Path and query of a URL. They are asked of the device of the node, whatever host the URL names: what an event says
 * cannot make us call anybody else, and behind NAT its host is not ours to reach anyway. What follows the `@` of an
 * access terminal's URL is kept.
 */
export function pathOfUrl(url: string): string {
    const match = /^https?:\/\/[^/?#\\]+(\/[^#]*)?/i.exec(url);
    if (match !== null) return match[1] ?? '/';
    if (url.startsWith('/') && !url.startsWith('//')) return url;
    throw new Fault('PATH_INVALID', { details: { path: url.slice(0, 80), reason: 'it is no URL of a picture' } });
}
