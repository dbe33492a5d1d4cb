import { type Fields, fieldsOf, flagOf, textOf } from '../protocols/documents/values';

/** An event this much older than the connection was not caused by what happens now. */
const OLD = 2 * 60_000;
/** Beyond a week it is the clock that is wrong, not the event that is old. */
const TOO_OLD = 7 * 24 * 60 * 60_000;

/** The clock of a device is looked at this often: each heartbeat would be more than it takes. */
const LOOK_AGAIN = 10_000;

/** A time as a device shows it. */
export interface ShownTime {
    /** Epoch milliseconds. */
    epoch: number;
    /** Minutes east of UTC that the device claims. */
    offset: number;
}

/**
 * Tells what a device sends again, after a reconnect or an outage, from what happens now.
 *
 * Terminals say so (`currentEvent`: false for up to 19 000 log entries), cameras and recorders too
 * (`isDataRetransmission`). Where nothing is said, an event that is older than the connection by two minutes is taken for
 * old, if the clock of the device can be believed: a camera with the factory's time zone would else never have a live
 * event. What is doubtful is live, because a wrong guess must not lose an event.
 */
export class ReplayJudge {
    private openedAt: number | undefined;
    /** How far the clock of the device was behind ours when the connection opened, as its heartbeats show. */
    private lag: number | undefined;
    /** When that was seen last, in milliseconds since the opening. */
    private heardAt = 0;

    opened(at: number): void {
        this.openedAt = at;
        this.lag = undefined;
    }

    /**
     * A message that is live by its nature arrived: it shows the clock of the device, which may have been set since the
     * last one. Ours may have been set too, so that only the time since the opening is asked for.
     *
     * @param epoch what the device shows
     * @param open milliseconds since the connection opened
     */
    heardLive(epoch: number, open: number): void {
        if (this.openedAt === undefined) return;
        this.lag = this.openedAt + open - epoch;
        this.heardAt = open;
    }

    /** Whether the age of events can matter: without a connection there is nothing they could be older than. */
    needsClock(open: number): boolean {
        return this.openedAt !== undefined && (this.lag === undefined || open - this.heardAt >= LOOK_AGAIN);
    }

    /**
     * @param shown the event's own time, where it has one
     * @param assumedOffset minutes east of UTC where the device is thought to stand; by default those of this machine
     */
    isReplay(body: Fields, shown: ShownTime | undefined, receivedAt: number, assumedOffset?: number): boolean {
        const current = flagOf(fieldsOf(body.AccessControllerEvent)?.currentEvent ?? body.currentEvent);
        if (current === false || flagOf(body.isDataRetransmission) === true) return true;
        // What an access controller of the other vendor kept while nobody answered.
        if (textOf(body.DataSource)?.toLowerCase() === 'offline') return true;
        if (current === true || shown === undefined || this.openedAt === undefined) return false;
        const age = this.openedAt - (shown.epoch + (this.lag ?? 0));
        if (age <= OLD || age > TOO_OLD) return false;
        if (this.lag !== undefined) return true;
        const ownOffset = assumedOffset ?? -new Date(receivedAt).getTimezoneOffset();
        // Right on the wall, wrong in the time zone: the device means now.
        const wall = shown.epoch + (shown.offset - ownOffset) * 60_000;
        return Math.abs(receivedAt - wall) > OLD;
    }
}
