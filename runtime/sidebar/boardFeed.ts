import type { Request, Response } from 'express';
import { type Clock, systemClock } from '../../protocols/clock';
import type { BoardUpdate, DeviceBoard } from './deviceBoard';

/** Sidebars at a time; browsers that keep asking must not fill the memory. */
const MOST_FEEDS = 32;
/** Milliseconds after which a proxy is shown that the connection is alive. */
const ALIVE_MS = 25_000;
/** Milliseconds after which a sidebar must ask again, and show again that it may. */
const LIFE_MS = 15 * 60_000;

/** The board as server-sent events, to every sidebar that is open. */
export class BoardFeeds {
    readonly #board: DeviceBoard;
    readonly #clock: Clock;
    readonly #ends = new Set<() => void>();

    constructor(board: DeviceBoard, clock: Clock = systemClock) {
        this.#board = board;
        this.#clock = clock;
    }

    /** Sidebars that are open. */
    get size(): number {
        return this.#ends.size;
    }

    /** Answers until the sidebar goes, or has to ask again. */
    serve(request: Request, response: Response): void {
        if (this.#ends.size >= MOST_FEEDS) {
            response.sendStatus(503);
            return;
        }
        response.writeHead(200, {
            'Content-Type': 'text/event-stream; charset=utf-8',
            'Cache-Control': 'no-store, no-transform',
            // nginx would collect what should arrive at once.
            'X-Accel-Buffering': 'no',
        });
        let behind = false;
        const tell = (update: BoardUpdate) => {
            // What a slow browser has not taken yet would pile up: it gets the whole picture once it can.
            behind ||= response.writableNeedDrain;
            if (!behind) response.write(`data: ${JSON.stringify(update)}\n\n`);
        };
        response.on('drain', () => {
            if (!behind) return;
            behind = false;
            tell(this.#board.everything());
        });
        const stop = this.#board.watch(tell);
        const cancelAlive = this.#alive(response);
        const cancelLife = this.#clock.after(LIFE_MS, () => end());
        const end = () => {
            if (!this.#ends.delete(end)) return;
            stop();
            cancelAlive();
            cancelLife();
            response.end();
        };
        this.#ends.add(end);
        request.on('close', end);
        response.on('error', end);
        response.on('close', end);
    }

    /** Ends all of them. */
    close(): void {
        for (const end of [...this.#ends]) end();
    }

    /** A comment line now and then. @returns ends that */
    #alive(response: Response): () => void {
        let cancel: () => void;
        const wait = () => {
            cancel = this.#clock.after(ALIVE_MS, () => {
                if (!response.writableNeedDrain) response.write(':\n\n');
                wait();
            });
        };
        wait();
        return () => cancel();
    }
}
