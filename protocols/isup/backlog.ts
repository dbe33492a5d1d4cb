import type { Socket } from 'node:net';
import type { Clock } from '../clock';

/** What is given to a socket at a time: it says when a piece has gone, and nothing about parts of one. */
export const PIECE = 64 * 1024;

/**
 * More bytes than a socket takes at once, given to it piece by piece: so that it is seen whether the other end takes them,
 * which the socket itself does not tell of one large write.
 */
export class Backlog {
    private readonly pieces: Buffer[] = [];
    private size = 0;
    private draining = false;
    private movedAt: number;

    /** @param onDone called once, when nothing of it waits any more */
    constructor(
        private readonly socket: Socket,
        private readonly clock: Clock,
        private readonly onDone: () => void,
    ) {
        this.movedAt = clock.elapsed();
    }

    /** Bytes that wait. */
    get waiting(): number {
        return this.size + this.socket.writableLength;
    }

    /** Milliseconds in which nothing was taken. */
    stalledFor(now: number): number {
        return now - this.movedAt;
    }

    add(bytes: Buffer): void {
        for (let at = 0; at < bytes.length; at += PIECE) this.pieces.push(bytes.subarray(at, at + PIECE));
        this.size += bytes.length;
        if (!this.draining) this.move();
    }

    private move(): void {
        this.draining = false;
        this.movedAt = this.clock.elapsed();
        while (!this.socket.destroyed) {
            if (this.socket.writableNeedDrain) {
                this.draining = true;
                this.socket.once('drain', () => this.move());
                return;
            }
            const piece = this.pieces.shift();
            if (piece === undefined) {
                this.onDone();
                return;
            }
            this.size -= piece.length;
            this.socket.write(piece);
        }
    }
}
