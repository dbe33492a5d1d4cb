import { createHmac, randomBytes } from 'node:crypto';
import type { Device, DeviceSettings } from '../../devices/device';
import { type Clock, systemClock } from '../../protocols/clock';
import { LoginBreaker } from '../../protocols/http/breaker';

/** Breakers of values that were only typed in a dialog. */
const MOST_TYPED = 100;

/**
 * The devices that are deployed, and what is known of credentials that were only tried in a dialog. The same credentials
 * for the same device share one breaker, so that clicking again never adds a wrong login to the count of the device.
 */
export class KnownDevices {
    readonly #clock: Clock;
    readonly #salt = randomBytes(16);
    readonly #deployed = new Map<string, Device>();
    readonly #typed = new Map<string, LoginBreaker>();

    constructor(clock: Clock = systemClock) {
        this.#clock = clock;
    }

    /** @returns takes it out again */
    add(settings: DeviceSettings, device: Device): () => void {
        // A session of the device's own making has no login of ours to share.
        if (settings.link === 'isup') return () => undefined;
        const key = this.#keyOf(settings);
        this.#deployed.set(key, device);
        return () => {
            if (this.#deployed.get(key) === device) this.#deployed.delete(key);
        };
    }

    /** The deployed device that these settings lead to with the same credentials. */
    twin(settings: DeviceSettings): Device | undefined {
        return this.#deployed.get(this.#keyOf(settings));
    }

    /** The breaker of these credentials, whether or not they are deployed. */
    breaker(settings: DeviceSettings): LoginBreaker {
        if (settings.link === 'isup') return new LoginBreaker({ clock: this.#clock });
        const key = this.#keyOf(settings);
        const known = this.#deployed.get(key)?.breaker ?? this.#typed.get(key);
        if (known !== undefined) return known;
        const breaker = new LoginBreaker({ clock: this.#clock });
        this.#typed.set(key, breaker);
        const [oldest] = this.#typed.keys();
        if (this.#typed.size > MOST_TYPED && oldest !== undefined) this.#typed.delete(oldest);
        return breaker;
    }

    /** No password is kept for this: only a sum that says nothing to anybody else. */
    #keyOf({ link, host, port, protocol, username, password, p2p }: DeviceSettings): string {
        const place = link === 'direct' ? [host.toLowerCase(), port ?? protocol] : [p2p.serial, p2p.cloud];
        const words = JSON.stringify([link, ...place, username, password]);
        return createHmac('sha256', this.#salt).update(words).digest('base64');
    }
}

/** Those of this process: the dialogs of several node types ask for them. */
export const knownDevices = new KnownDevices();
