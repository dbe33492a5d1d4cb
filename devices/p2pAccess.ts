import { createHash } from 'node:crypto';
import type { LoginOutcome } from '../protocols/dahua/dvrip';
import type { LoginBreaker } from '../protocols/http/breaker';
import { AutoSource } from '../protocols/p2p/autoSource';
import { CloudPort } from '../protocols/p2p/cloudPort';
import type { P2pCredentials } from '../protocols/p2p/deviceLogin';
import { monotonicClock } from '../protocols/p2p/monotonicClock';
import { type ProbeReport, probeRecorder } from '../protocols/p2p/probe';
import { chooseProfile, DMSS, EASY4IP } from '../protocols/p2p/profiles';
import { Rendezvous } from '../protocols/p2p/rendezvous';
import { SdkHost, SdkSession } from '../protocols/p2p/sdk/sdkSession';
import { P2pSession, type RouteChoice } from '../protocols/p2p/session';
import { SharedSources, type SourceLease } from '../protocols/p2p/sharedSources';
import type { TunnelSource } from '../protocols/p2p/tunnelSource';
import { type OpenUdp, openUdp } from '../protocols/p2p/udpPort';

/** What a device says of its P2P registration. */
export interface P2pSettings {
    serial: string;
    cloud: 'easy4ip' | 'dmss' | 'custom';
    /** `host` or `host:port`, replaces the cloud's own. */
    cloudServer: string;
    cloudUser: string;
    cloudKey: string;
    /** The recorder's own login, which newer firmware asks for already in the cloud. */
    username: string;
    password: string;
}

/** How to get there. */
export interface P2pWay {
    backend: 'auto' | 'native' | 'sdk';
    route: RouteChoice;
    /** Folder of the vendor's library. */
    sdkPath: string;
    /** A Node of the library's kind. */
    sdkNode: string;
}

const DEFAULT_WAY: P2pWay = { backend: 'native', route: 'auto', sdkPath: '', sdkNode: '' };

/** The answer to "is it there?", without a tunnel. */
export interface P2pPresence {
    online: boolean;
    /** Milliseconds to the server that keeps the registration. */
    roundTrip: number;
}

const sources = new SharedSources();
const hosts = new Map<string, SdkHost>();

/** Two ways that differ in anything have different keys; the password is only there as a hash. */
function keyOf(...parts: unknown[]): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function credentialsOf({ username, password }: P2pSettings): P2pCredentials | undefined {
    return username === '' || password === '' ? undefined : { username, password };
}

/** Outcomes that a recorder counts against whoever logs in; one that nobody knows may be among them. */
const COUNTED: ReadonlySet<LoginOutcome> = new Set(['wrong-password', 'wrong-user', 'unknown']);

function remember({ login, fault }: ProbeReport, breaker: LoginBreaker): void {
    if (login?.outcome === 'ok') breaker.accepted();
    else if (login?.outcome === 'locked') breaker.locked({ locked: true });
    else if (fault?.code === 'P2P_LOGIN_REJECTED' || (login && COUNTED.has(login.outcome))) breaker.refused();
}

/** The P2P side of one device: sessions are shared by everything in this process that reaches the same recorder. */
export class P2pAccess {
    readonly settings: P2pSettings;
    readonly #openUdp: OpenUdp;

    constructor(settings: P2pSettings, udp: OpenUdp = openUdp) {
        this.settings = settings;
        this.#openUdp = udp;
    }

    get serial(): string {
        return this.settings.serial.trim();
    }

    /** A share of the session with a recorder: this device's, or another one with the same login. */
    acquire(way: P2pWay = DEFAULT_WAY, serial = this.serial): SourceLease {
        return sources.acquire(keyOf(this.settings, way, serial), () => this.#source(way, serial));
    }

    /**
     * Asks the cloud whether the recorder is there. No login is tried.
     *
     * @throws Fault P2P_NOT_IN_CLOUD, P2P_DEVICE_OFFLINE, P2P_CLOUD_SILENT and others of the cloud
     */
    async query(way: P2pWay = DEFAULT_WAY, serial = this.serial): Promise<P2pPresence> {
        if (way.backend === 'sdk') return this.#queryLibrary(way, serial);
        const openPort = async () => new CloudPort(await this.#openUdp(), monotonicClock);
        const rendezvous = new Rendezvous({ profile: this.#profile(), serial, clock: monotonicClock, openPort });
        const port = await openPort();
        try {
            const { roundTrip } = await rendezvous.locate(port);
            return { online: true, roundTrip };
        } finally {
            port.close();
        }
    }

    /**
     * Tries everything once: the cloud (and its sibling, if it is none of one's own), the route, the login.
     *
     * @param breaker of these credentials: a recorder counts wrong passwords on all its ports together
     * @throws Fault AUTH_BLOCKED or AUTH_LOCKED while no login may leave
     */
    async test(breaker: LoginBreaker): Promise<ProbeReport> {
        const own = this.#profile();
        const { cloud, cloudServer } = this.settings;
        const siblings = cloud === 'custom' || cloudServer !== '' ? [] : [EASY4IP, DMSS];
        const attempt = await breaker.attempt(new AbortController().signal);
        try {
            const report = await probeRecorder({
                profiles: [own, ...siblings.filter(({ name }) => name !== own.name)],
                serial: this.serial,
                credentials: credentialsOf(this.settings),
                openUdp: this.#openUdp,
            });
            remember(report, breaker);
            return report;
        } finally {
            attempt.release();
        }
    }

    async #queryLibrary(way: P2pWay, serial: string): Promise<P2pPresence> {
        const host = this.#host(way);
        const user = {};
        host.retain(user);
        try {
            const helper = await host.ready();
            const asked = monotonicClock.elapsed();
            const online = (await helper.call('query', { serial })) === 1;
            return { online, roundTrip: monotonicClock.elapsed() - asked };
        } finally {
            await host.release(user);
        }
    }

    #profile() {
        const { cloud, cloudServer, cloudUser, cloudKey } = this.settings;
        return chooseProfile({ cloud, server: cloudServer, username: cloudUser, key: cloudKey });
    }

    #source(way: P2pWay, serial: string): TunnelSource {
        if (way.backend === 'sdk') return new SdkSession(serial, this.#host(way));
        const native = new P2pSession({
            profile: this.#profile(),
            serial,
            credentials: credentialsOf(this.settings),
            route: way.route,
            openUdp: this.#openUdp,
        });
        if (way.backend === 'native' || way.sdkPath === '') return native;
        return new AutoSource(native, new SdkSession(serial, this.#host(way)));
    }

    #host(way: P2pWay): SdkHost {
        const [server = '', port] = this.settings.cloud === 'custom' ? this.settings.cloudServer.split(':') : [];
        const key = this.settings.cloud === 'custom' ? this.settings.cloudKey : '';
        const hostKey = keyOf(way.sdkPath, way.sdkNode, server, port, key);
        let host = hosts.get(hostKey);
        if (!host) {
            const serverPort = port ? Number(port) : undefined;
            host = new SdkHost({ sdkPath: way.sdkPath, sdkNode: way.sdkNode, server, serverPort, key });
            hosts.set(hostKey, host);
        }
        return host;
    }
}
