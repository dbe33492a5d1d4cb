import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

/** Takes bytes that lie in memory which the next read overwrites: it is done with them, or has a copy, when it returns. */
export type TakeBytes = (bytes: Buffer) => void;

/** All sockets read into this one after the other: what one has got is taken out before the next one reads. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

const takers = new WeakMap<Socket, { take?: TakeBytes }>();

/**
 * A TCP socket that can be read without a Buffer for each read; an ordinary one until {@link readDirectly} is called.
 *
 * Why: a permanent stream goes through 64 KiB of new memory for each read, and through as much again in Node's HTTP
 * parser, which copies every piece of a body. New memory costs more than the bytes do (docs/performance.md).
 */
export function connectDirect(options: TcpNetConnectOpts): Socket {
    const reader: { take?: TakeBytes } = {};
    const socket: Socket = connect({
        ...options,
        onread: {
            buffer: SHARED,
            callback: (count) => {
                const bytes = SHARED.subarray(0, count);
                if (reader.take === undefined) return socket.push(Buffer.from(bytes));
                reader.take(bytes);
                return true;
            },
        },
    });
    takers.set(socket, reader);
    return socket;
}

/**
 * From now on all that the socket receives goes to `take`, and to none of its listeners; its pause, end and errors stay
 * as they are.
 * @returns false for a socket that is read otherwise
 */
export function readDirectly(socket: Socket, take: TakeBytes): boolean {
    const reader = takers.get(socket);
    if (reader === undefined) return false;
    reader.take = take;
    return true;
}
