import type { Clock } from '../clock';
import { pause } from '../pause';
import { FRAME_MS } from './clip';

/** Beyond this the receiver has heard a gap anyway, and catching up would only overrun its buffer. */
const STALL_MS = 200;

export interface PaceOptions {
    clock: Clock;
    /** Takes one frame; false means that the receiver is behind. */
    send(frame: Buffer): boolean;
    /** Resolves when a receiver that was behind has caught up. */
    drained(): Promise<void>;
    signal?: AbortSignal;
}

/**
 * Sends audio at the speed it is heard. Each frame is timed from the first, so that late timers do not add up to an
 * audible gap; after a stall the rest is sent at its pace rather than all at once.
 *
 * @returns the frames sent, when the last one has been heard or `signal` has ended it
 */
export async function paceFrames(
    frames: Iterable<Buffer>,
    { clock, send, drained, signal }: PaceOptions,
): Promise<number> {
    let start = clock.elapsed();
    let sent = 0;
    for (const frame of frames) {
        if (signal?.aborted) break;
        if (!send(frame)) await drained();
        sent += 1;
        const lead = start + sent * FRAME_MS - clock.elapsed();
        if (lead > 0) await pause(clock, lead, signal);
        else if (lead < -STALL_MS) start = clock.elapsed() - sent * FRAME_MS;
    }
    return sent;
}
