import type { Duplex } from 'node:stream';
import type { Fault } from '../errors';

/** How a recorder is reached at the moment. */
export type TunnelRoute = 'direct' | 'relay' | 'sdk';

export interface SourceState {
    state: 'closed' | 'opening' | 'open' | 'offline' | 'error';
    route?: TunnelRoute;
    fault?: Fault;
    /** Clock time of the next attempt; absent where nothing is tried again before a deploy. */
    retryAt?: number;
}

/** Whatever brings TCP connections to the ports of one recorder: the native session, or the vendor's library. */
export interface TunnelSource {
    readonly serial: string;
    readonly state: SourceState;
    /** Hears every change from now on; returns how to stop. */
    watch(listener: (state: SourceState) => void): () => void;
    /** Builds the way now and keeps it up. */
    open(): void;
    /** A TCP connection to a port of the recorder; waits for the way, rejects with the Fault that prevents it. */
    connect(port: number): Promise<Duplex>;
    close(): Promise<void>;
}
