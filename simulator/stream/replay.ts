import { type Clock, systemClock } from '../../protocols/clock';
import type { PushBody } from '../push/pushBody';
import { seededRandom } from '../random';
import type { EventStream } from './eventStream';
import { framePart, STANDARD } from './framing';
import type { Recording } from './recording';

export interface ReplayOptions {
    recordings: readonly Recording[];
    /** Milliseconds between two parts; 1000. */
    interval?: number;
    /** Begins anew at the end; otherwise the stream stays open and silent. */
    loop?: boolean;
    clock?: Clock;
}

/** Plays captured bytes as the alert stream of a device: paced, part by part, and not one byte changed. */
export class Replay {
    /** The boundary that the answer declares. */
    readonly boundary: string;
    /** The captured head of an answer, where there is one. */
    readonly head: Buffer | undefined;
    readonly #pieces: Buffer[];
    readonly #interval: number;
    readonly #loop: boolean;
    readonly #clock: Clock;

    constructor(options: ReplayOptions) {
        const { recordings } = options;
        const playable = recordings.filter(({ kind }) => kind !== 'request');
        const json = playable.some(({ contentType }) => contentType?.startsWith('application/json'));
        this.boundary = playable.find(({ boundary }) => boundary)?.boundary ?? (json ? 'MIME_boundary' : 'boundary');
        this.head = playable.find(({ kind }) => kind === 'response')?.head;
        this.#pieces = playable.flatMap((recording) => this.#piecesOf(recording));
        this.#interval = options.interval ?? 1000;
        this.#loop = options.loop ?? false;
        this.#clock = options.clock ?? systemClock;
    }

    /** Parts that one round holds. */
    get length(): number {
        return this.#pieces.length;
    }

    /** Plays on one stream until it is closed. */
    play(stream: EventStream): void {
        let next = 0;
        let cancel: () => void = () => undefined;
        const step = () => {
            if (next === this.#pieces.length && this.#loop) next = 0;
            const piece = this.#pieces[next];
            if (piece === undefined) return;
            stream.write(piece);
            next += 1;
            cancel = this.#clock.after(this.#interval, step);
        };
        stream.socket.once('close', () => cancel());
        step();
    }

    #piecesOf(recording: Recording): Buffer[] {
        const { kind, content, contentType, boundary } = recording;
        if (kind === 'body') {
            const framing = { ...STANDARD, boundary: this.boundary };
            return [framePart({ contentType: contentType!, body: content }, framing, 1, seededRandom(1))];
        }
        if (content.length === 0) return [];
        return boundary === undefined ? [content] : splitAtDelimiters(content, boundary);
    }
}

/** Cuts before every delimiter line, so that each piece is a part with what stands in front of it. */
export function splitAtDelimiters(bytes: Buffer, boundary: string): Buffer[] {
    const line = `--${boundary}`;
    const cuts = [0];
    for (let at = bytes.indexOf(line, 1); at >= 0; at = bytes.indexOf(line, at + 1)) {
        // A doubled delimiter belongs to the part behind it, a closing one to the part in front of it.
        const startsLine = bytes[at - 1] === 0x0a;
        const doubled = at - cuts.at(-1)! <= line.length + 2;
        const closing = bytes.subarray(at + line.length, at + line.length + 2).toString('latin1') === '--';
        if (startsLine && !doubled && !closing) cuts.push(at);
    }
    return cuts.map((cut, index) => bytes.subarray(cut, cuts[index + 1] ?? bytes.length));
}

/** What can be posted of a recording: a captured POST or a form as a whole, else each event by itself. */
export function postsOf(recording: Recording): PushBody[] {
    const post = (body: Buffer, contentType: string | undefined): PushBody => ({
        contentType,
        body,
        query: '',
        cutAt: undefined,
    });
    const { kind, content, contentType, boundary } = recording;
    if (kind === 'response') return [];
    if (kind === 'request' || kind === 'body') return content.length > 0 ? [post(content, contentType)] : [];
    if (boundary === undefined) return [post(content, undefined)];
    if (content.includes('Content-Disposition: form-data')) {
        return [post(content, `multipart/form-data; boundary=${boundary}`)];
    }
    return splitAtDelimiters(content, boundary).map((piece) => {
        const start = Math.max(piece.indexOf('\r\n\r\n') + 4, 0);
        const type = /content-type:[ \t]*([^\r\n]*)/i.exec(piece.subarray(0, start).toString('latin1'))?.[1];
        return post(piece.subarray(start), type);
    });
}
