import { Fault } from '../../protocols/errors';
import type { IsupListener, ListedDevice } from '../../protocols/isup/listener';

/**
 * What `isup-in` and `device-config` nodes know of each other, by the id of the `isup-in`. Either may be deployed anew
 * without the other, so they look each other up when they need to.
 */
export class IsupListeners {
    readonly #listeners = new Map<string, IsupListener>();
    /** By listener, then by the id of the `device-config`. */
    readonly #devices = new Map<string, Map<string, ListedDevice>>();

    /** @returns takes it back, unless another one came in its place */
    publish(id: string, listener: IsupListener): () => void {
        this.#listeners.set(id, listener);
        return () => {
            if (this.#listeners.get(id) === listener) this.#listeners.delete(id);
        };
    }

    /** @throws Fault ISUP_LISTENER_MISSING */
    get(id: string): IsupListener {
        const listener = this.#listeners.get(id);
        if (listener === undefined) throw new Fault('ISUP_LISTENER_MISSING');
        return listener;
    }

    find(id: string): IsupListener | undefined {
        return this.#listeners.get(id);
    }

    /** A `device-config` that registers at this listener. @returns takes it back */
    enlist(listenerId: string, configId: string, device: ListedDevice): () => void {
        const devices = this.#devices.get(listenerId) ?? new Map<string, ListedDevice>();
        this.#devices.set(listenerId, devices);
        devices.set(configId, device);
        return () => {
            if (devices.get(configId) === device) devices.delete(configId);
        };
    }

    listed(listenerId: string, deviceId: string): ListedDevice | undefined {
        for (const device of this.#devices.get(listenerId)?.values() ?? []) if (device.id === deviceId) return device;
        return undefined;
    }
}

/** Shared by the modules of both nodes: Node-RED loads each once. */
export const isupListeners = new IsupListeners();
