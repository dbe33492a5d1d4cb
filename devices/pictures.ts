import type { Picture } from '../events/deviceEvent';
import { systemClock } from '../protocols/clock';
import { ask, BRIEF, type IsapiRequest } from '../protocols/isapi/request';
import * as isapi from '../protocols/isapi/snapshot';
import type { DeviceLink } from './link';

/** An event waits for its picture, and others behind it: a device that is busy is asked once more and no oftener. */
const brieflyAsk = (link: DeviceLink) => (request: IsapiRequest) => ask(link, request, systemClock, BRIEF);

const asPicture = ({ picture, contentType }: isapi.Snapshot, filename: string): Picture => ({
    role: 'scene',
    contentType,
    filename,
    data: picture,
});

/** A picture of now from the main stream of a channel. */
export async function takeSnapshot(link: DeviceLink, channel: number): Promise<Picture> {
    const taken = await isapi.takeSnapshot(brieflyAsk(link), { channel, stream: 1 });
    return asPicture(taken, `snapshot_${channel}.jpg`);
}

/** A picture of now by the CGI of Dahua and Intelbras devices, which count channels from 1 there. */
export async function takeCgiSnapshot(link: DeviceLink, channel: number): Promise<Picture> {
    return asPicture(await isapi.takeCgiSnapshot(brieflyAsk(link), channel), `snapshot_${channel}.jpg`);
}

/** A picture by the URL that an event names, asked of the device that sent it. */
export async function fetchPicture(link: DeviceLink, url: string): Promise<Picture> {
    return asPicture(await isapi.fetchPicture(brieflyAsk(link), url), 'picture.jpg');
}
