import type { Fields } from '../../protocols/documents/values';
import type { Recorder } from '../channel';
import type { DeviceEvent, DeviceIdentity, Vendor, Via } from '../deviceEvent';

/** Where a body came from: what an event knows that does not stand in its body. */
export interface Origin {
    vendor: Vendor;
    via: Via;
    /** What is configured or known of the device; the body fills the gaps. */
    device: DeviceIdentity;
    /** The address that sent it, where nobody configured one. */
    receivedFrom?: string;
    /** Epoch milliseconds. */
    receivedAt: number;
    /** Minutes east of UTC for times without offset; by default those of this machine. */
    assumedOffset?: number;
    recorder?: Recorder;
}

/** An event while it is being filled. */
export interface Draft {
    event: DeviceEvent;
    /** Grows with everything that tells this occurrence from others of its kind in the same second. */
    detail: string;
    /** An id of the vendor that is unique for the occurrence. */
    vendorId?: string;
    /** The event's time in epoch milliseconds. */
    epoch: number;
    /** Minutes east of UTC of that time. */
    offset: number;
}

/** Adds what one family knows. Bodies with several entries reach it one by one: a list holds a single entry here. */
export type Filler = (draft: Draft, body: Fields, origin: Origin) => void;
