/** What every figure is compared with: a `node:http` client that only counts bytes. */
import { get } from 'node:http';
import { type Measurement, startMeter } from './measure';

process.on('message', ({ port, bytes }: { port: number; bytes: number }) => {
    let meter: (() => Measurement) | undefined;
    let received = 0;
    const request = get({ host: '127.0.0.1', port, path: '/ISAPI/Event/notification/alertStream' }, (response) => {
        response.on('data', (chunk: Buffer) => {
            meter ??= startMeter();
            received += chunk.length;
            if (received < bytes) return;
            process.send?.(meter());
            request.destroy();
        });
    });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
