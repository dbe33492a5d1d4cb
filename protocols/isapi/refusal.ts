import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock } from '../clock';

/** What somebody who is turned away may still send, so that the answer reaches them and not a reset. */
const MOST_BYTES = 32 * 1024 * 1024;
const LONGEST_MS = 30_000;

/**
 * Answers a request whose body nobody wants: at once, whatever is still on its way. The rest is read away, within limits,
 * because a connection that is closed under a sender loses the answer too.
 *
 * @param keep whether the connection may carry the next request, as the second round of a login
 * @returns ends it at once, with the connection of a request that is still arriving
 */
export function turnAway(
    request: IncomingMessage,
    response: ServerResponse,
    { statusCode, headers, keep = false }: { statusCode: number; headers?: OutgoingHttpHeaders; keep?: boolean },
    clock: Clock,
): () => void {
    response.writeHead(statusCode, { ...headers, 'content-length': 0, ...(!keep && { connection: 'close' }) });
    response.flushHeaders();
    let bytes = 0;
    const cancel = clock.after(LONGEST_MS, () => request.destroy());
    request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) request.destroy();
    });
    // How the connection of somebody who was turned away fails concerns nobody.
    request.on('error', () => request.destroy());
    request.once('end', () => response.end());
    request.once('close', () => {
        cancel();
        response.end();
    });
    return () => void request.destroy();
}
