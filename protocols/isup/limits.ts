/** How much the listener lets strangers have. Addresses are those of the devices, behind a proxy too. */
export interface IsupLimits {
    /** Connections from one address that have not logged in yet. A site behind one NAT reconnects all at once. */
    waitingPerAddress: number;
    connectionsPerAddress: number;
    connections: number;
    /** New connections per second from one address, after a burst of four seconds' worth. */
    connectionRate: number;
    /** Datagrams per second from one address, after a burst of four seconds' worth. */
    datagramRate: number;
    /** Bytes per second answered to one UDP address, after a burst of eight seconds' worth: a source may be forged. */
    replyRate: number;
    /** Bytes per second answered to UDP addresses in all that have not registered. */
    strangerReplyRate: number;
    /** Milliseconds for the first whole frame, and for each step of a login. */
    stepTimeout: number;
    /** Milliseconds that a connection whose language is not known is kept, in silence. */
    muteTimeout: number;
    /** Bytes of one frame before and after the login. */
    frameBefore: number;
    frameAfter: number;
    /** Bytes of answers that may wait for a device that does not read. */
    unsent: number;
    /** Bytes that may wait where a large request is among them. */
    backlog: number;
    /** Milliseconds in which a device must take some of them. A bad uplink pauses, and needs minutes for a large one. */
    stalled: number;
    /** Devices that are remembered without being listed. */
    strangers: number;
    /** Addresses that are remembered for all of this. */
    addresses: number;
}

export const DEFAULT_LIMITS: IsupLimits = {
    waitingPerAddress: 256,
    connectionsPerAddress: 20_000,
    connections: 60_000,
    connectionRate: 200,
    datagramRate: 200,
    replyRate: 8192,
    strangerReplyRate: 256 * 1024,
    stepTimeout: 10_000,
    muteTimeout: 10_000,
    frameBefore: 64 * 1024,
    frameAfter: 4 * 1024 * 1024,
    unsent: 1024 * 1024,
    backlog: 16 * 1024 * 1024,
    stalled: 30_000,
    strangers: 20_000,
    addresses: 50_000,
};
