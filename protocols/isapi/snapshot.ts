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

type Ask = (request: IsapiRequest) => Promise<HttpResponse>;

/** What recorders answer for a channel whose camera gives the picture all the same. */
const MOODS = new Set(['REQUEST_INVALID', 'DEVICE_ERROR', 'DEVICE_BUSY']);

const PICTURE_LIMIT = 16 * 1024 * 1024;

/**
 * A picture of now. Recorders are moody: where the channel's own path is refused for its content or not known, the
 * camera behind is asked through the recorder, as maciej-or/hikvision_next does.
 *
 * @param ask repeats a device error by itself
 * @throws Fault; that of the first path where the second fails too
 */
export async function takeSnapshot(
    ask: Ask,
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
        if (!MOODS.has(first.code) && !meansUnsupported(first)) throw first;
        try {
            return await picture(ask, `/ISAPI/ContentMgmt/StreamingProxy/channels/${id}/picture`, query);
        } catch (again) {
            // A camera does not know the second path: its first answer is the one that explains.
            throw meansUnsupported(Fault.from(again)) ? first : again;
        }
    }
}

/** A picture of now by the CGI of Dahua and Intelbras devices (Dahua HTTP API). @param channel from 1 on */
export function takeCgiSnapshot(ask: Ask, channel: number): Promise<Snapshot> {
    return picture(ask, '/cgi-bin/snapshot.cgi', { channel });
}

/** A picture by the URL that an event names; see {@link pathOfUrl}. */
export function fetchPicture(ask: Ask, url: string): Promise<Snapshot> {
    return picture(ask, pathOfUrl(url), {});
}

/**
 * Path and query of a URL. They are asked of the device of the node, whatever host the URL names: what an event says
 * cannot make us call anybody else, and behind NAT its host is not ours to reach anyway. What follows the `@` of an
 * access terminal's URL is kept.
 *
 * @throws Fault PATH_INVALID, also for a path that does something: an event may come from anybody, and is asked for with the
 * login of the device
 */
export function pathOfUrl(url: string): string {
    const match = /^https?:\/\/[^/?#\\]+(\/[^#]*)?/i.exec(url);
    const path = match === null ? url : (match[1] ?? '/').replace(/^\/+/, '/');
    if (!path.startsWith('/') || path.startsWith('//')) throw notPicture(url, 'it is no URL of a picture');
    if (isCommand(path)) throw notPicture(url, 'it is a command and no picture');
    return path;
}

/** Scripts that give files; all others of that folder take commands by GET, a restart among them (Dahua HTTP API). */
const CGI_FILES = /^\/cgi-bin\/(?:(?:RPC_)?Loadfile(?:\/|$)|snapshot\.cgi$)/i;

function isCommand(path: string): boolean {
    try {
        // As a web server reads it: without dot segments, decoded.
        const { pathname } = new URL(path, 'http://device');
        const plain = decodeURIComponent(pathname).replace(/[\\/]+/g, '/');
        return /(?:^|\/)cgi-bin(?:\/|$)/i.test(plain) && !CGI_FILES.test(plain);
    } catch {
        // What cannot be read could be anything.
        return true;
    }
}

function notPicture(url: string, reason: string): Fault {
    return new Fault('PATH_INVALID', { details: { path: url.slice(0, 80), reason } });
}

async function picture(ask: Ask, path: string, query: Record<string, unknown>): Promise<Snapshot> {
    const answer = await ask({ path, query, maxBody: PICTURE_LIMIT });
    return { picture: jpegOf(answer), contentType: 'image/jpeg', path, answer };
}

/** The JPEG in an answer, whatever its type says. @throws Fault ANSWER_UNREADABLE */
function jpegOf({ body, headers }: HttpResponse): Buffer {
    if (body[0] === 0xff && body[1] === 0xd8) return body;
    const reason = `${body.length} bytes of type ${headers['content-type'] ?? 'unknown'}`;
    throw new Fault('ANSWER_UNREADABLE', { details: { expected: 'a JPEG picture', reason } });
}
