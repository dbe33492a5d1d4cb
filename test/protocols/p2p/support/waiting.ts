import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Fault } from '../../../../protocols/errors';

/** Waits until something is true; fails with its name when that takes too long. */
export async function until(what: string, condition: () => boolean, ms = 60_000): Promise<void> {
    const end = Date.now() + ms;
    while (!condition()) {
        assert.ok(Date.now() < end, `waited for: ${what}`);
        await new Promise((wait) => setTimeout(wait, 20));
    }
}

export function faultOf(promise: Promise<unknown>): Promise<Fault> {
    return promise.then(
        () => assert.fail('it should have failed'),
        (fault: Fault) => fault,
    );
}

/** Sends random bytes to an echo behind a local port and checks that exactly they come back. */
export async function echoThrough(port: number, bytes: number, host = '127.0.0.1'): Promise<void> {
    const data = randomBytes(bytes);
    const hash = createHash('sha256');
    await new Promise<void>((resolve, reject) => {
        let got = 0;
        const socket = connect({ host, port }, () => socket.write(data));
        socket.on('error', reject);
        socket.on('close', () => reject(new Error(`closed after ${got} of ${bytes} bytes`)));
        socket.on('data', (chunk) => {
            hash.update(chunk);
            got += chunk.length;
            if (got < bytes) return;
            socket.removeAllListeners('close');
            socket.on('close', () => resolve());
            socket.end();
        });
    });
    assert.equal(hash.digest('hex'), createHash('sha256').update(data).digest('hex'));
}
