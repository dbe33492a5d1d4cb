import { countOf, type Fields } from '../protocols/documents/values';

/** What is known of a recorder, for the numbers of its IP cameras. */
export interface Recorder {
    /** Ids of `/ISAPI/ContentMgmt/InputProxy/channels`. */
    proxyChannels?: ReadonlySet<number>;
}

/**
 * The camera that an event is about: `dynChannelID` where it names one, else `channelID`. Recorders of the psia era count
 * their IP cameras from 33 (maciej-or/hikvision_next: 34 is camera 2); that is undone only where such a camera exists.
 *
 * @returns `null` where the event is the device's own: no number, an empty one, or 0.
 */
export function readChannel(body: Fields, recorder?: Recorder): number | null {
    const channel = countOf(body.dynChannelID) || countOf(body.channelID) || 0;
    if (channel === 0) return null;
    const cameras = recorder?.proxyChannels;
    // A large recorder has a camera of that number itself.
    if (channel <= 32 || cameras === undefined || cameras.has(channel)) return channel;
    return cameras.has(channel - 32) ? channel - 32 : channel;
}
