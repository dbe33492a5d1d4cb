import { fetchPicture, pathOfUrl, takeSnapshot } from '../isapi/snapshot';
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
    const { picture, contentType, answer, path } = await fetchPicture(context.ask, values.text('url').trim());
    return { payload: picture, answer, path, extra: { contentType } };
}
