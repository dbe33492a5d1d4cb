/**
 * The frames inside a PTCP stream: 12 bytes of head, big-endian, then data (khoanguyen-3fc/dh-p2p `src/ptcp.rs`).
 * They are a byte stream: a segment may hold several frames, or a part of one. Some kinds carry bytes that their
 * length field does not count, hence the table of sizes.
 */
export const FRAME = {
    data: 0x10,
    bind: 0x11,
    status: 0x12,
    heartbeat: 0x13,
    askSign: 0x17,
    sign: 0x18,
    showSign: 0x19,
    signTaken: 0x1a,
    ready: 0x1b,
} as const;

/** Data bytes of one frame: with its head 1292, the largest body that a recorder was seen to send. */
export const MAX_DATA = 1280;
const HEAD = 12;

/** Bytes beyond the head, where the length field does not say so. */
const TAIL: Readonly<Record<number, number>> = {
    [FRAME.bind]: 8,
    [FRAME.status]: 4,
    [FRAME.heartbeat]: 0,
    [FRAME.askSign]: 0,
    [FRAME.sign]: 4,
    [FRAME.showSign]: 4,
    [FRAME.signTaken]: 4,
    [FRAME.ready]: 0,
};

function frame(type: number, realm: number, tail: Buffer): Buffer {
    const bytes = Buffer.alloc(HEAD + tail.length);
    bytes[0] = type;
    bytes.writeUInt32BE(realm >>> 0, 4);
    tail.copy(bytes, HEAD);
    return bytes;
}

/** Up to {@link MAX_DATA} bytes for one TCP connection. */
export function dataFrame(realm: number, data: Buffer): Buffer {
    const bytes = frame(FRAME.data, realm, data);
    bytes.writeUIntBE(data.length, 1, 3);
    return bytes;
}

/** Opens a TCP connection to a port of the recorder itself; `host` other than 127.0.0.1 was never seen on a wire. */
export function bindFrame(realm: number, port: number, host = '127.0.0.1'): Buffer {
    const tail = Buffer.alloc(8);
    tail.writeUInt32BE(port, 0);
    Buffer.from(host.split('.').map(Number)).copy(tail, 4, 0, 4);
    return frame(FRAME.bind, realm, tail);
}

export function statusFrame(realm: number, status: 'CONN' | 'DISC'): Buffer {
    return frame(FRAME.status, realm, Buffer.from(status, 'ascii'));
}

/** A frame without realm: heartbeat, the exchange of signs. */
export function controlFrame(type: number, tail: Buffer = Buffer.alloc(0)): Buffer {
    return frame(type, 0, tail);
}

export interface FrameListener {
    /** Bytes of a TCP connection, as they come: a frame's data may arrive in several calls. */
    onData(realm: number, data: Buffer): void;
    /** A whole frame of any other kind. */
    onFrame(type: number, realm: number, tail: Buffer): void;
    /** The stream cannot be read any more. */
    onBroken(reason: string): void;
}

/** Re-assembled PTCP bytes in, frames out; keeps at most one head with its tail. */
export class FrameReader {
    readonly #listener: FrameListener;
    readonly #held = Buffer.alloc(HEAD + 8);
    #heldBytes = 0;
    #dataLeft = 0;
    #dataRealm = 0;
    #broken = false;

    constructor(listener: FrameListener) {
        this.#listener = listener;
    }

    /** @param segment the bytes of one PTCP segment, in order and without gaps */
    feed(segment: Buffer): void {
        let at = 0;
        while (at < segment.length && !this.#broken) {
            if (this.#dataLeft > 0) {
                const end = Math.min(segment.length, at + this.#dataLeft);
                this.#dataLeft -= end - at;
                this.#listener.onData(this.#dataRealm, segment.subarray(at, end));
                at = end;
                continue;
            }
            const type = this.#heldBytes > 0 ? (this.#held[0] ?? 0) : (segment[at] ?? 0);
            const tail = type === FRAME.data ? 0 : TAIL[type];
            if (tail === undefined) {
                // Newer firmware may send kinds that nobody has named (0x0A was reported once). The recorder sends one
                // frame per segment, so such a segment is skipped as a whole; amid a segment the sync is lost.
                if (at === 0) return;
                this.#broken = true;
                this.#listener.onBroken(`frame type 0x${type.toString(16)} amid a segment`);
                return;
            }
            const wanted = HEAD + tail;
            const take = Math.min(wanted - this.#heldBytes, segment.length - at);
            segment.copy(this.#held, this.#heldBytes, at, at + take);
            this.#heldBytes += take;
            at += take;
            if (this.#heldBytes < wanted) return;
            this.#heldBytes = 0;
            const realm = this.#held.readUInt32BE(4);
            if (type === FRAME.data) {
                this.#dataLeft = this.#held.readUInt16BE(2);
                this.#dataRealm = realm;
            } else {
                this.#listener.onFrame(type, realm, Buffer.from(this.#held.subarray(HEAD, wanted)));
            }
        }
    }
}

/** The port that a bind frame asks for. */
export function bindPort(tail: Buffer): number {
    return tail.readUInt32BE(0);
}
