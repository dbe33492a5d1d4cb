/** What every figure is compared with: a `node:http` client that only counts bytes. */
import { get } from 'node:http';
import { type Measurement, startMeter } from './measure';

/** @param warmUp bytes after which the clock starts */
process.on('message', ({ port, bytes, warmUp }: { port: number; bytes: number; warmUp: number }) => {
    let meter: (() => Measurement) | undefined;
    let received = 0;
    const request = get({ host: '127.0.0.1', port, path: '/ISAPI/Event/notification/alertStream' }, (response) => {
        response.on('data', (chunk: Buffer) => {
            received += chunk.length;
            if (received > warmUp) meter ??= startMeter();
            if (received < bytes || meter === undefined) return;
            process.send?.(meter());
            request.destroy();
        });
    });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
