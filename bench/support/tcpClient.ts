/** The process of the clients: fetches bytes of the pattern through local ports and checks every one. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { patternHash } from './pattern';

export interface FetchOrder {
    ports: number[];
    /** From each port. */
    bytes: number;
}

export interface FetchAnswer {
    /** Seconds until all bytes of all ports were there. */
    wall: number;
    /** Milliseconds to the first byte, the median of the ports. */
    firstByte: number;
    wrong: number;
}

async function fetchBytes(
    port: number,
    bytes: number,
    expected: string,
): Promise<{ firstByte: number; good: boolean }> {
    const startedAt = performance.now();
    let firstByte = 0;
    const hash = createHash('sha256');
    let got = 0;
    await new Promise<void>((done) => {
        const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => socket.write(`${bytes}`));
        socket.on('data', (chunk) => {
            if (got === 0) firstByte = performance.now() - startedAt;
            got += chunk.length;
            hash.update(chunk);
            if (got >= bytes) socket.destroy();
        });
        socket.on('error', () => socket.destroy());
        socket.on('close', () => done());
    });
    return { firstByte, good: got === bytes && hash.digest('hex') === expected };
}

async function perform({ ports, bytes }: FetchOrder): Promise<FetchAnswer> {
    const expected = patternHash(bytes);
    const startedAt = performance.now();
    const all = await Promise.all(ports.map((port) => fetchBytes(port, bytes, expected)));
    const wall = (performance.now() - startedAt) / 1000;
    const first = all.map(({ firstByte }) => firstByte).sort((a, b) => a - b);
    return { wall, firstByte: first[first.length >> 1] ?? 0, wrong: all.filter(({ good }) => !good).length };
}

process.on('message', (order: FetchOrder) => {
    perform(order).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
