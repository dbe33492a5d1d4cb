/** What posts are compared with: a bare `node:http` server that reads each body to its end and answers 200. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { processFigures } from './measure';

const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
        Buffer.concat(chunks);
        response.end('OK');
    });
});
process.on('message', () => process.send?.({ ...processFigures(), port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.({ ready: true }));
