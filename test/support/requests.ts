import { DeviceRequests } from '../../devices/deviceRequests';
import type { Clock } from '../../protocols/clock';
import { HttpClient } from '../../protocols/http/client';
import type { HttpDevice } from '../../simulator/httpDevice';

export const LOGIN = { username: 'admin', password: 'Vigia2026' } as const;

/** A clock that shows the machine's time, and whose pauses are over at once: retries and pulses need no patience. */
export function hastyClock(): Clock & { waits: number[] } {
    const waits: number[] = [];
    return {
        waits,
        now: () => Date.now(),
        elapsed: () => Date.now(),
        after(ms, fire) {
            // Timeouts of the client stay what they are; only pauses between requests are cut short.
            waits.push(ms);
            const timer = setTimeout(fire, ms >= 9000 ? ms : 1);
            return () => clearTimeout(timer);
        },
    };
}

/** Timeouts of requests and streams; a machine with much to do needs them whole. */
const TIMEOUTS = new Set([10_000, 45_000, 60_000]);

/** A clock whose pauses are shorter by a factor, so that an hour of them fits into a test. */
export function quickClock(factor: number): Clock {
    return {
        now: () => Date.now(),
        elapsed: () => Date.now(),
        after(ms, fire) {
            const timer = setTimeout(fire, TIMEOUTS.has(ms) ? ms : ms / factor);
            return () => clearTimeout(timer);
        },
    };
}

/** A client of a simulated device, and the requests that nodes make through it. */
export function requestsTo(
    device: HttpDevice,
    { clock, vendor = 'auto' }: { clock?: Clock; vendor?: 'auto' | 'hikvision' | 'dahua' } = {},
): { requests: DeviceRequests; client: HttpClient; close(): void } {
    const client = new HttpClient({
        protocol: device.secure ? 'https' : 'http',
        verify: 'off',
        host: device.host,
        port: device.port,
        auth: 'auto',
        timeout: 10_000,
        ...LOGIN,
    });
    const requests = new DeviceRequests({
        link: client,
        session: { request: (request) => client.request(request), close: () => undefined },
        vendor,
        host: device.host,
        timeout: 10_000,
        ...(clock !== undefined && { clock }),
    });
    return {
        requests,
        client,
        close() {
            requests.close();
            client.close();
        },
    };
}
