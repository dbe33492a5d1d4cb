import type { Duplex } from 'node:stream';
import type { SourceState, TunnelSource } from './tunnelSource';

/** Answers of the native backend after which the vendor's own cloud is worth asking. */
const ELSEWHERE: ReadonlySet<string> = new Set(['P2P_NOT_IN_CLOUD', 'P2P_DEVICE_OFFLINE']);

/**
 * The native backend first, and the vendor's library when the open cloud does not have the recorder: many Intelbras
 * units are registered at Intelbras Cloud only. Once the library has reached it, it stays with it until closed.
 */
export class AutoSource implements TunnelSource {
    readonly serial: string;
    readonly #native: TunnelSource;
    readonly #library: TunnelSource;
    readonly #listeners = new Set<(state: SourceState) => void>();
    readonly #unwatch: (() => void)[];
    #current: TunnelSource;
    #handover: Promise<void> = Promise.resolve();

    constructor(native: TunnelSource, library: TunnelSource) {
        this.serial = native.serial;
        this.#native = native;
        this.#library = library;
        this.#current = native;
        this.#unwatch = [
            native.watch((state) => this.#onNative(state)),
            library.watch((state) => this.#tell(library, state)),
        ];
    }

    get state(): SourceState {
        return this.#current.state;
    }

    watch(listener: (state: SourceState) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    open(): void {
        this.#current.open();
    }

    async connect(port: number): Promise<Duplex> {
        try {
            return await this.#current.connect(port);
        } catch (thrown) {
            await this.#handover;
            if (this.#current === this.#native) throw thrown;
            return this.#library.connect(port);
        }
    }

    async close(): Promise<void> {
        for (const stop of this.#unwatch) stop();
        await this.#handover;
        await Promise.all([this.#native.close(), this.#library.close()]);
    }

    #onNative(state: SourceState): void {
        const elsewhere = state.fault !== undefined && ELSEWHERE.has(state.fault.code);
        if (this.#current !== this.#native || !elsewhere) {
            this.#tell(this.#native, state);
            return;
        }
        this.#current = this.#library;
        this.#handover = this.#native.close();
        this.#library.open();
    }

    #tell(source: TunnelSource, state: SourceState): void {
        if (source !== this.#current) return;
        for (const listener of [...this.#listeners]) listener(state);
    }
}
