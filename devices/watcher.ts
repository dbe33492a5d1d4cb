import type { DeviceEvent, Occurrence, Picture } from '../events/deviceEvent';
import { Fault } from '../protocols/errors';
import type { ConnectionChange } from '../protocols/isapi/alertStream';
import type { AudioLink } from '../protocols/isapi/twoWayAudio';
import type { DeviceLink } from './link';

/** Somebody who looks on without using the device: nothing is opened or asked for its sake. */
export interface DeviceWatcher {
    /** Each event of the stream, before any filter of a node. Called for every event: it must cost next to nothing. */
    event(event: DeviceEvent, pictures: readonly Picture[]): void;
    /** What became of the stream; undefined once nobody listens any more. */
    connection(change: ConnectionChange | undefined): void;
    /** A picture that was fetched, not sent. */
    picture(picture: Picture): void;
    /** The device answered a request, whatever it said. */
    answered(): void;
    /** A request did not reach the device, or its login was refused. */
    failed(fault: Fault): void;
}

/** Somebody who looks on at what devices post. */
export interface PostWatcher extends Pick<DeviceWatcher, 'event'> {
    /** @param heartbeat reads who sends it */
    heartbeat(source: string, heartbeat: () => Occurrence): void;
}

/** A link whose answers and failures a watcher hears of. */
export function watchedLink(link: DeviceLink & Pick<AudioLink, 'talk'>, watcher: DeviceWatcher): DeviceLink {
    const heard = <T>(answer: Promise<T>): Promise<T> => {
        answer.then(
            () => watcher.answered(),
            (thrown: unknown) => watcher.failed(Fault.from(thrown)),
        );
        return answer;
    };
    const watched: DeviceLink & Pick<AudioLink, 'talk'> = {
        request: (request) => heard(link.request(request)),
        open: (request) => heard(link.open(request)),
        get lastLogin() {
            return link.lastLogin;
        },
        close: () => link.close(),
    };
    const { talk } = link;
    if (talk !== undefined) watched.talk = (request) => heard(talk.call(link, request));
    return watched;
}
