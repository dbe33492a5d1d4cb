import { type Clock, systemClock } from '../clock';

/**
 * A clock that never jumps, for round-trip times and retransmission: the wall clock of a small machine is set by NTP
 * minutes after its start, and an echo from the future would otherwise poison the estimate.
 */
export const monotonicClock: Clock = {
    now: systemClock.elapsed,
    elapsed: systemClock.elapsed,
    after: systemClock.after,
};
