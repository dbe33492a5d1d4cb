import type { TimeForm } from './deviceTime';
import type { Emission } from './emission';
import type { HttpDeviceOptions } from './httpDevice';
import type { HttpHostsOptions } from './push/httpHosts';
import type { PushStyle } from './push/pushBody';
import type { PushResult, RetryHabit } from './push/pusher';
import type { EventStreamsOptions } from './stream/eventStreams';
import type { Framing } from './stream/framing';
import type { Replay } from './stream/replay';

/** Who a device says that it is. */
export interface DeviceProfile {
    name: string;
    model: string;
    serial: string;
    mac: string;
    firmware: string;
    /** The word in DeviceInfo: IPCamera, NVR, ACS. */
    deviceType: string;
    /** XML namespace of its documents. */
    namespace: string;
    realm: string;
}

export interface IsapiDeviceOptions extends HttpDeviceOptions {
    profile?: Partial<DeviceProfile>;
    /** Names of `variants.ts`; later ones win. */
    variants?: readonly string[];
    /** Single deviations, over the variants. */
    framing?: Partial<Framing>;
    /** Alert streams at a time. */
    streamSlots?: number;
    /** 0: none. */
    heartbeatSeconds?: number;
    /** Minutes east of UTC; that of this machine by default. */
    offset?: number;
    timeForm?: TimeForm;
    /** Whether the capabilities promise `subscribeEvent`; without it the device answers `notSupport` to it. */
    subscribe?: boolean;
    /** Captured bytes in place of events of its own. */
    replay?: Replay;
    /** For everything that is drawn by lot. */
    seed?: number;
    hosts?: Partial<HttpHostsOptions>;
    /** Names of `pushVariants.ts`; later ones win. */
    pushVariants?: readonly string[];
    pushStyle?: Partial<PushStyle>;
    /** Milliseconds between two attempts of a push; 1000. */
    retryInterval?: number;
    /** Machines other than this one that may be called: those that its user named. */
    pushHosts?: readonly string[];
    /** false: after a reboot nothing is pushed until `httpHosts` is put again (Hikvision-Addons#177). */
    resumesAfterReboot?: boolean;
}

/** An event on its way: what was said, and what became of its posts. */
export type Reported = Emission & { pushed: Promise<PushResult[]> };

/** How a family of devices differs in its streams and posts. */
export interface DeviceHabits {
    hosts: Pick<HttpHostsOptions, 'slots' | 'capabilities'>;
    retry: RetryHabit;
    pushStyle?: Partial<PushStyle>;
    framing: Partial<Framing>;
    slots: number;
    heartbeat: EventStreamsOptions['heartbeat'];
    onOpen?: EventStreamsOptions['onOpen'];
    onClose?: EventStreamsOptions['onClose'];
}
