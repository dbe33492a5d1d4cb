import type { Picture } from '../events/deviceEvent';
import { Fault } from '../protocols/errors';
import type { HttpResponse } from '../protocols/http/client';
import { faultOf, readIsapiStatus } from '../protocols/isapi/responseStatus';
import type { DeviceLink } from './link';

const PICTURE_LIMIT = 16 * 1024 * 1024;

/**
 * A picture of now from the main stream of a channel. A recorder that has none of its own says so with status 6 inside
 * HTTP 200, and relays it from the camera instead (koush/scrypted); status 3 goes away by asking again.
 */
export async function takeSnapshot(link: DeviceLink, channel: number): Promise<Picture> {
    const stream = channel * 100 + 1;
    const direct = `/ISAPI/Streaming/channels/${stream}/picture`;
    const relayed = `/ISAPI/ContentMgmt/StreamingProxy/channels/${stream}/picture`;
    let failure: Fault | undefined;
    for (const path of [direct, direct, relayed]) {
        const answer = await link.request({ path, maxBody: PICTURE_LIMIT });
        const picture = asPicture(answer, `snapshot_${channel}.jpg`);
        if (picture !== undefined) return picture;
        failure = whyNoPicture(answer, path);
        const status = failure.isapi?.statusCode;
        if (status !== 3 && status !== 6 && answer.statusCode !== 503) break;
    }
    throw failure ?? new Fault('UNEXPECTED', { details: { reason: 'no snapshot' } });
}

/** A picture of now by the CGI of Dahua and Intelbras devices, which count channels from 1 there. */
export async function takeCgiSnapshot(link: DeviceLink, channel: number): Promise<Picture> {
    const path = `/cgi-bin/snapshot.cgi?channel=${channel}`;
    const answer = await link.request({ path, maxBody: PICTURE_LIMIT });
    const picture = asPicture(answer, `snapshot_${channel}.jpg`);
    if (picture === undefined) throw whyNoPicture(answer, path);
    return picture;
}

/**
 * A picture by the URL that an event names. Only path and query of the URL are used, on the link to the device that
 * sent it: an event cannot make us call any other host. What follows the `@` of an access terminal's URL is kept.
 */
export async function fetchPicture(link: DeviceLink, url: string): Promise<Picture> {
    const path = /^https?:\/\/[^/?#]+(\/[^#]*)/i.exec(url)?.[1] ?? (url.startsWith('/') ? url : undefined);
    if (path === undefined) throw new Fault('NOT_FOUND', { details: { path: url } });
    const answer = await link.request({ path, maxBody: PICTURE_LIMIT });
    const picture = asPicture(answer, 'picture.jpg');
    if (picture === undefined) throw whyNoPicture(answer, path);
    return picture;
}

function whyNoPicture({ statusCode, headers, body }: HttpResponse, path: string): Fault {
    const answer = readIsapiStatus(body, headers['content-type']);
    const status = answer !== undefined && 'status' in answer ? answer.status : undefined;
    const fault = faultOf({ httpStatus: statusCode, status, path });
    return (
        fault ?? new Fault('RESPONSE_MALFORMED', { details: { reason: 'a picture was expected' }, status: statusCode })
    );
}

/** Devices send pictures under wrong types and errors under the right one: the first bytes decide. */
function asPicture(answer: HttpResponse, filename: string): Picture | undefined {
    const { body } = answer;
    if (answer.statusCode !== 200 || body[0] !== 0xff || body[1] !== 0xd8) return undefined;
    return { role: 'scene', contentType: 'image/jpeg', filename, data: body };
}
