import type { Clock } from './clock';

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
        const end = () => {
            cancel();
            signal?.removeEventListener('abort', end);
            resolve();
        };
        const cancel = clock.after(ms, end);
        signal?.addEventListener('abort', end, { once: true });
    });
}
