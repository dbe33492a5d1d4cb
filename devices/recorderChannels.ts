import type { Recorder } from '../events/channel';
import { isKnownHeartbeat } from '../events/heartbeat';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import { keepPart, type Part } from '../protocols/multipart/part';
import type { Channel } from '../protocols/operations/channels';

/** How long events wait for the list of cameras; after that they go on with the number they came with. */
const PATIENCE_MS = 5000;
/** After a question that failed, the next one waits so long. */
const ASK_AGAIN_MS = 60_000;
/** Bodies that wait at a time. */
const MAX_WAITING = 1000;
/** Channel numbers stand at the head of a body. */
const HEAD_BYTES = 4096;
/** Recorders of the psia era count their IP cameras from 33 (maciej-or/hikvision_next: 34 is camera 2). */
const FIRST_HIGH = 33;

interface Waiting {
    step: () => void;
    failed: (fault: Fault) => void;
}

/**
 * The cameras of a recorder, asked for when a body first names a channel beyond 32: only the list tells whether that is
 * camera 34 or the second one. Until it is known the bodies wait, in their order.
 */
export class RecorderChannels {
    /** What the readers of this device's events go by; filled in once it is known. */
    readonly recorder: Recorder = {};
    readonly #list: () => Promise<Channel[]>;
    readonly #clock: Clock;
    readonly #waiting: Waiting[] = [];
    #isAsking = false;
    #askAgainAt = Number.NEGATIVE_INFINITY;

    /** @param list the channels of the device; it may fail */
    constructor(list: () => Promise<Channel[]>, clock: Clock = systemClock) {
        this.#list = list;
        this.#clock = clock;
    }

    /**
     * Reads a body, at once or when the list is there.
     *
     * @param failed takes what `step` throws where it could not be done at once
     */
    read(parts: readonly Part[], step: () => void, failed: (fault: Fault) => void): void {
        if (!this.#isAsking && this.#needsList(parts)) this.#ask();
        if (!this.#isAsking) {
            step();
            return;
        }
        for (const part of parts) keepPart(part);
        this.#waiting.push({ step, failed });
        if (this.#waiting.length >= MAX_WAITING) this.flush();
    }

    /** Reads at once what waits. */
    flush(): void {
        this.#isAsking = false;
        for (const { step, failed } of this.#waiting.splice(0)) {
            try {
                step();
            } catch (thrown) {
                failed(Fault.from(thrown));
            }
        }
    }

    #needsList(parts: readonly Part[]): boolean {
        if (this.recorder.proxyChannels !== undefined) return false;
        const namesHigh = parts.some(
            (part) => part.kind === 'text' && !isKnownHeartbeat(part) && namesHighChannel(part.body),
        );
        return namesHigh && this.#clock.elapsed() >= this.#askAgainAt;
    }

    #ask(): void {
        this.#isAsking = true;
        this.#askAgainAt = this.#clock.elapsed() + ASK_AGAIN_MS;
        const cancel = this.#clock.after(PATIENCE_MS, () => this.flush());
        this.#list()
            .then(
                (channels) => {
                    const proxies = channels.filter(({ source }) => source === 'proxy');
                    this.recorder.proxyChannels = new Set(proxies.map(({ id }) => id));
                },
                // A device that cannot be asked now is asked again; its events keep the numbers they came with.
                () => undefined,
            )
            .then(() => {
                cancel();
                this.flush();
            });
    }
}

/** What the names of both end with: most bodies hold it once, and neither has to be looked for in vain. */
const CHANNEL_ID = Buffer.from('hannelID');
/** An element or a key, and its number. */
const NUMBERED = /[<:"](?:dynC|c)hannelID(?:"\s*:\s*"?|(?:\s[^<>]*)?>)\s*(\d{1,9})/g;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const SLASH = 0x2f;
/** Between a name and its number. */
const LONGEST_GAP = 8;

function namesHighChannel(body: Buffer): boolean {
    const head = body.length > HEAD_BYTES ? body.subarray(0, HEAD_BYTES) : body;
    for (let at = head.indexOf(CHANNEL_ID); at >= 0; at = head.indexOf(CHANNEL_ID, at + 1)) {
        if (endsElement(head, at) || !mayBeHigh(head, at + CHANNEL_ID.length)) continue;
        const numbers = head.toString('latin1').matchAll(NUMBERED);
        return [...numbers].some(([, number]) => Number(number) >= FIRST_HIGH);
    }
    return false;
}

/** Whether the name that holds `at` stands in an end tag: its number stands before it, and was looked at. */
function endsElement(bytes: Buffer, at: number): boolean {
    let before = at - 1;
    while (isLetter(bytes[before])) before -= 1;
    return bytes[before] === SLASH;
}

/** Whether such a number follows, or what follows takes a closer look. */
function mayBeHigh(bytes: Buffer, from: number): boolean {
    // An attribute, which may hold digits of its own.
    if (bytes[from] === SPACE) return true;
    const end = from + LONGEST_GAP;
    let at = from;
    while (at < end && !isDigit(bytes[at])) at += 1;
    if (at === end) return true;
    let number = 0;
    while (isDigit(bytes[at]) && number < FIRST_HIGH) {
        number = number * 10 + (bytes[at] as number) - ZERO;
        at += 1;
    }
    return number >= FIRST_HIGH;
}

function isLetter(byte = 0): boolean {
    return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

function isDigit(byte: number | undefined): boolean {
    return byte !== undefined && byte >= ZERO && byte <= NINE;
}
