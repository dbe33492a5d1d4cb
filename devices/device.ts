import type { DeviceIdentity, Occurrence, Picture, RawBody, Vendor } from '../events/deviceEvent';
import { OnceWindow } from '../events/onceWindow';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import { LoginBreaker } from '../protocols/http/breaker';
import {
    HttpClient,
    type HttpClientOptions,
    type HttpRequest,
    type HttpResponse,
    type HttpStream,
} from '../protocols/http/client';
import type { LoginKind } from '../protocols/http/login';
import type { ConnectionChange } from '../protocols/isapi/alertStream';
import { meansForeign } from '../protocols/isapi/answerFault';
import type { CatchUp } from './catchUp/catchUp';
import type { MarkStore } from './catchUp/markStore';
import type { DeviceRequests } from './deviceRequests';
import { EventStream, type EventSubscriber, type StreamOptions } from './eventStream';
import { typesOf } from './eventTypes';
import type { DeviceLink } from './link';
import type { P2pAccess, P2pSettings } from './p2pAccess';
import { fetchPicture, takeCgiSnapshot, takeSnapshot } from './pictures';
import { RecorderChannels } from './recorderChannels';
import { type DeviceWatcher, watchedLink } from './watcher';

/** How to reach one device and how to log in: `device-config`, read and checked. */
export interface DeviceSettings {
    name: string;
    vendor: 'auto' | Vendor;
    link: 'direct' | 'p2p' | 'isup';
    host: string;
    /** Undefined: 80 or 443, by protocol. */
    port?: number;
    protocol: 'http' | 'https';
    verify: 'verify' | 'pin' | 'off';
    fingerprint: string;
    auth: 'auto' | 'digest' | 'basic' | 'none';
    username: string;
    password: string;
    /** Milliseconds. */
    timeout: number;
    /** Sockets for requests; the event stream has one of its own. */
    maxSockets: number;
    /** Options of a core `tls-config` node. */
    tls?: Record<string, unknown>;
    /** Its registration in a P2P cloud, whether or not it is reached that way. */
    p2p: Omit<P2pSettings, 'username' | 'password'>;
}

export interface DeviceDependencies {
    clock?: Clock;
    /** Takes the place of the direct link. */
    link?: DeviceLink;
    /** Shared with others that log in with the same credentials; one of its own by default. */
    breaker?: LoginBreaker;
    watcher?: DeviceWatcher;
}

/** Behind the P2P cloud there are only recorders of one family, and ISUP is a protocol of the other. */
const VENDOR_BY_LINK: Record<DeviceSettings['link'], 'auto' | Vendor> = {
    direct: 'auto',
    p2p: 'dahua',
    isup: 'hikvision',
};

/**
 * One device: the owner of its sockets, its login breaker and its event stream, whoever uses them. Nothing is opened
 * before somebody asks for something.
 */
export class Device {
    readonly identity: DeviceIdentity;
    readonly breaker: LoginBreaker;
    /** What came out of which of its nodes, for those that share their events. */
    readonly once = new OnceWindow();
    /** What the channel numbers in its events mean. */
    readonly channels: RecorderChannels;
    #vendor: 'auto' | Vendor;
    readonly #link: DeviceLink;
    readonly #events: EventStream;
    readonly #clock: Clock;
    readonly #settings: DeviceSettings;
    #p2p: P2pAccess | undefined;
    #requests: DeviceRequests | undefined;
    #catchUp: CatchUp | undefined;
    readonly #watcher: DeviceWatcher | undefined;

    /** @throws Fault HOST_MISSING, P2P_SERIAL_MISSING */
    constructor(settings: DeviceSettings, dependencies: DeviceDependencies = {}) {
        const clock = dependencies.clock ?? systemClock;
        this.#clock = clock;
        this.#settings = settings;
        this.breaker = dependencies.breaker ?? new LoginBreaker({ clock });
        this.identity = {};
        if (settings.name !== '') this.identity.name = settings.name;
        if (settings.host !== '') this.identity.address = settings.host;
        this.#vendor = settings.vendor === 'auto' ? VENDOR_BY_LINK[settings.link] : settings.vendor;
        const link = dependencies.link ?? this.#linkOf(settings, clock);
        const { watcher } = dependencies;
        this.#watcher = watcher;
        this.#link = watcher === undefined ? link : watchedLink(link, watcher);
        this.channels = new RecorderChannels(() => this.requests.abilities.channels(), clock);
        const channels = this.#vendor === 'dahua' ? undefined : this.channels;
        const types = async (kinds: readonly string[]) => typesOf(kinds, await this.requests.abilities.triggers());
        this.#events = new EventStream(this.#link, this.identity, clock, this.#vendor, channels, watcher, types);
    }

    /** Its side of the P2P cloud, for tunnels. */
    get p2p(): P2pAccess {
        this.#p2p ??= this.#createP2p();
        return this.#p2p;
    }

    /** Everything that is asked of the device, and what was learned of it on the way. */
    get requests(): DeviceRequests {
        this.#requests ??= this.#createRequests();
        return this.#requests;
    }

    /** How the device last let us in; nothing before it did. */
    get lastLogin(): LoginKind | undefined {
        return this.#link.lastLogin;
    }

    /** What became of its event stream last; nothing while nobody listens. */
    get connection(): ConnectionChange | undefined {
        return this.#events.connection;
    }

    /** The originals of its latest events. */
    get recent(): readonly RawBody[] {
        return this.#events.recent;
    }

    /** Any request; the answer of any status but a refused login. */
    request(request: HttpRequest): Promise<HttpResponse> {
        return this.#link.request(request);
    }

    /** A request whose answer is read as it comes (streams, downloads). */
    open(request: HttpRequest): Promise<HttpStream> {
        return this.#link.open(request);
    }

    /**
     * Listens to the device's event stream; see {@link EventStream.subscribe}.
     *
     * @param store where the mark of the access events is kept, for one who wants those that were missed, too
     */
    subscribe(options: StreamOptions, subscriber: EventSubscriber, store?: MarkStore): () => Promise<void> {
        if (store === undefined) return this.#events.subscribe(options, subscriber);
        if (this.#catchUp === undefined || this.#catchUp.isClosed) this.#catchUp = this.#createCatchUp(store);
        return this.#catchUp.subscribe(options, subscriber);
    }

    /**
     * Takes an access event that came by another way than the stream: in its turn, where somebody listens who wants no
     * gaps, and at once elsewhere. One that came out before is dropped.
     */
    push(occurrence: Occurrence, deliver: (occurrence: Occurrence) => void, drop: () => void): void {
        if (this.#catchUp === undefined) deliver(occurrence);
        else this.#catchUp.push(occurrence, deliver, drop);
    }

    /** A picture of now. @param channel null is the device's first. */
    snapshot(channel: number | null): Promise<Picture> {
        return this.#shown(this.#takePicture(channel ?? 1));
    }

    /** A picture that an event only names. It is asked of this device, whatever host the URL names. */
    fetchPicture(url: string): Promise<Picture> {
        return this.#shown(fetchPicture(this.#link, url));
    }

    /** Allows one login at once after the credentials were corrected. */
    resetLogin(): void {
        this.breaker.reset();
        this.#events.retryNow();
    }

    async close(): Promise<void> {
        await this.#catchUp?.close();
        const ended = this.#events.close();
        this.#requests?.close();
        this.#link.close();
        await ended;
    }

    async #shown(fetched: Promise<Picture>): Promise<Picture> {
        const picture = await fetched;
        this.#watcher?.picture(picture);
        return picture;
    }

    async #takePicture(channel: number): Promise<Picture> {
        const vendor = this.#vendor === 'auto' ? this.#requests?.abilities.known.profile?.vendor : this.#vendor;
        if (vendor === 'dahua') return takeCgiSnapshot(this.#link, channel);
        try {
            return await takeSnapshot(this.#link, channel);
        } catch (thrown) {
            const fault = Fault.from(thrown);
            // Nobody has said whose device it is, and it answers as none that speaks ISAPI.
            if (vendor !== undefined || fault.isapi !== undefined || !meansForeign(fault)) throw fault;
            return this.#tryCgiPicture(channel, fault);
        }
    }

    /** @param before why there is no picture where this way fails too, unless its login is refused */
    async #tryCgiPicture(channel: number, before: Fault): Promise<Picture> {
        try {
            const picture = await takeCgiSnapshot(this.#link, channel);
            this.#vendor = 'dahua';
            return picture;
        } catch (thrown) {
            const fault = Fault.from(thrown);
            throw fault.code.startsWith('AUTH_') ? fault : before;
        }
    }

    // What follows is loaded when a device first needs it: most of what this package can do is idle in most flows.

    #createCatchUp(store: MarkStore): CatchUp {
        const module = require('./catchUp/catchUp') as typeof import('./catchUp/catchUp');
        return new module.CatchUp({
            stream: this.#events,
            identity: this.identity,
            ask: (request) => this.requests.send(request, {}),
            abilities: this.requests.abilities,
            store,
            clock: this.#clock,
        });
    }

    #linkOf(settings: DeviceSettings, clock: Clock): DeviceLink {
        const options = this.#httpOptions(settings, clock);
        if (settings.link === 'p2p') {
            if (settings.p2p.serial === '') throw new Fault('P2P_SERIAL_MISSING');
            const { P2pLink } = require('./p2pLink') as typeof import('./p2pLink');
            return new P2pLink(this.p2p, options);
        }
        if (settings.host === '') throw new Fault('HOST_MISSING');
        return new HttpClient({ ...options, host: settings.host });
    }

    #createP2p(): P2pAccess {
        const module = require('./p2pAccess') as typeof import('./p2pAccess');
        const { p2p, username, password } = this.#settings;
        return new module.P2pAccess({ ...p2p, username, password });
    }

    #createRequests(): DeviceRequests {
        const module = require('./deviceRequests') as typeof import('./deviceRequests');
        const { PanelSession } = require('./panelSession') as typeof import('./panelSession');
        const { host, timeout } = this.#settings;
        const clock = this.#clock;
        const options = this.#httpOptions(this.#settings, clock);
        const session = new PanelSession({ ...options, host, breaker: this.breaker, clock });
        return new module.DeviceRequests({ link: this.#link, session, vendor: this.#vendor, host, timeout, clock });
    }

    #httpOptions(settings: DeviceSettings, clock: Clock): Omit<HttpClientOptions, 'host'> {
        return {
            protocol: settings.protocol,
            port: settings.port,
            auth: settings.auth,
            username: settings.username,
            password: settings.password,
            verify: settings.verify,
            fingerprint: settings.fingerprint,
            tls: settings.tls,
            timeout: settings.timeout,
            maxSockets: settings.maxSockets,
            breaker: this.breaker,
            clock,
        };
    }
}
