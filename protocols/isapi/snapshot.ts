import { Fault } from '../errors';
import type { HttpResponse } from '../http/client';
import { meansUnsupported } from './answerFault';
import type { IsapiRequest } from './request';

export interface SnapshotOptions {
    channel: number;
    /** 1 main, 2 sub, 3 third. */
    stream: number;
    width?: number;
    height?: number;
    /** A path of the device that gives a picture, where the usual ones do not (koush/scrypted, README). */
    override?: string;
}

export interface Snapshot {
    picture: Buffer;
    contentType: string;
    path: string;
    answer: HttpResponse;
}

export const PICTURE_LIMIT = 16 * 1024 * 1024;

/**
 * A picture of now. Recorders are moody: where the channel's own path is refused for its content or not known, the
 * camera behind is asked through the recorder, as maciej-or/hikvision_next does.
 *
 * @param ask repeats a device error by itself
 * @throws Fault; that of the first path where the second fails too
 */
export async function takeSnapshot(
    ask: (request: IsapiRequest) => Promise<HttpResponse>,
    { channel, stream, width, height, override }: SnapshotOptions,
): Promise<Snapshot> {
    const id = channel * 100 + stream;
    const query = {
        videoResolutionWidth: width,
        videoResolutionHeight: height,
        snapShotImageType: width === undefined && height === undefined ? undefined : 'JPEG',
    };
    if (override !== undefined) return picture(ask, override, {});
    try {
        return await picture(ask, `/ISAPI/Streaming/channels/${id}/picture`, query);
    } catch (thrown) {
        const first = Fault.from(thrown);
        if (first.code !== 'REQUEST_INVALID' && first.code !== 'DEVICE_ERROR' && !meansUnsupported(first)) throw first;
        try {
            return await picture(ask, `/ISAPI/ContentMgmt/StreamingProxy/channels/${id}/picture`, query);
        } catch (again) {
            // A camera does not know the second path: its first answer is the one that explains.
            throw meansUnsupported(Fault.from(again)) ? first : again;
        }
    }
}

async function picture(
    ask: (request: IsapiRequest) => Promise<HttpResponse>,
    path: string,
    query: Record<string, unknown>,
): Promise<Snapshot> {
    const answer = await ask({ path, query, maxBody: PICTURE_LIMIT });
    return { picture: jpegOf(answer), contentType: 'image/jpeg', path, answer };
}

/** The JPEG in an answer, whatever its type says. @throws Fault ANSWER_UNREADABLE */
export function jpegOf({ body, headers }: HttpResponse): Buffer {
    if (body[0] === 0xff && body[1] === 0xd8) return body;
    const reason = `${body.length} bytes of type ${headers['content-type'] ?? 'unknown'}`;
    throw new Fault('ANSWER_UNREADABLE', { details: { expected: 'a JPEG picture', reason } });
}
