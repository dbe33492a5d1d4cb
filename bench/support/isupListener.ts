/** The process that is measured: an ISUP listener with nothing beside it. */
import { IsupListener } from '../../protocols/isup/listener';
import { FORESEEN, KEY } from './scriptedDevice';

export interface ListenerOrder {
    is: 'start' | 'figures' | 'close';
    keepAlive?: number;
    misses?: number;
}

export interface ListenerFigures {
    port: number;
    online: number;
    /** Bytes of resident memory after a collection. */
    rss: number;
    /** CPU seconds since the start, user and system. */
    cpu: number;
    /** Offline messages by Device ID, with the epoch millisecond of each. */
    offline: Record<string, number>;
}

const WIDE = 1_000_000;
let listener: IsupListener | undefined;
const offline: Record<string, number> = {};

function figures(): ListenerFigures {
    (globalThis as { gc?: () => void }).gc?.();
    const { user, system } = process.cpuUsage();
    return {
        port: listener?.port ?? 0,
        online: listener?.table.counts().online ?? 0,
        rss: process.memoryUsage.rss(),
        cpu: (user + system) / 1e6,
        offline,
    };
}

process.on('message', async ({ is, keepAlive, misses }: ListenerOrder) => {
    if (is === 'start') {
        listener = new IsupListener({
            bind: '127.0.0.1',
            port: 0,
            alarmPort: 0,
            defaultKey: KEY,
            random: FORESEEN,
            ...(keepAlive && { keepAlive }),
            ...(misses && { misses }),
            // One machine plays ten thousand: the limits per address are not what is measured.
            limits: { connectionRate: WIDE, waitingPerAddress: WIDE, connectionsPerAddress: WIDE },
            events: {
                onPresence: (one) => {
                    if (one.state === 'offline') offline[one.deviceId] = Date.now();
                },
            },
        });
        await listener.listen();
    } else if (is === 'close') {
        await listener?.close();
    }
    process.send?.(figures());
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
