import type { DeviceIdentity, Picture, Vendor } from '../events/deviceEvent';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import { LoginBreaker } from '../protocols/http/breaker';
import { HttpClient, type HttpRequest, type HttpResponse, type HttpStream } from '../protocols/http/client';
import { EventStream, type EventSubscriber, type StreamOptions } from './eventStream';
import type { DeviceLink } from './link';
import { fetchPicture, takeSnapshot } from './pictures';

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
}

export interface DeviceDependencies {
    clock?: Clock;
    /** Takes the place of the direct link. */
    link?: DeviceLink;
}

/**
 * One device: the owner of its sockets, its login breaker and its event stream, whoever uses them. Nothing is opened
 * before somebody asks for something.
 */
export class Device {
    readonly identity: DeviceIdentity;
    readonly breaker: LoginBreaker;
    readonly #link: DeviceLink;
    readonly #events: EventStream;

    /** @throws Fault HOST_MISSING */
    constructor(settings: DeviceSettings, dependencies: DeviceDependencies = {}) {
        const clock = dependencies.clock ?? systemClock;
        this.breaker = new LoginBreaker({ clock });
        this.identity = {};
        if (settings.name !== '') this.identity.name = settings.name;
        if (settings.host !== '') this.identity.address = settings.host;
        this.#link = dependencies.link ?? this.#directLink(settings, clock);
        this.#events = new EventStream(this.#link, this.identity, clock);
    }

    /** Any request; the answer of any status but a refused login. */
    request(request: HttpRequest): Promise<HttpResponse> {
        return this.#link.request(request);
    }

    /** A request whose answer is read as it comes (streams, downloads). */
    open(request: HttpRequest): Promise<HttpStream> {
        return this.#link.open(request);
    }

    /** Listens to the device's event stream; see {@link EventStream.subscribe}. */
    subscribe(options: StreamOptions, subscriber: EventSubscriber): () => Promise<void> {
        return this.#events.subscribe(options, subscriber);
    }

    /** A picture of now. @param channel null is the device's first. */
    snapshot(channel: number | null): Promise<Picture> {
        return takeSnapshot(this.#link, channel ?? 1);
    }

    /** A picture that an event only names. It is asked of this device, whatever host the URL names. */
    fetchPicture(url: string): Promise<Picture> {
        return fetchPicture(this.#link, url);
    }

    /** Allows one login at once after the credentials were corrected. */
    resetLogin(): void {
        this.breaker.reset();
        this.#events.retryNow();
    }

    async close(): Promise<void> {
        const ended = this.#events.close();
        this.#link.close();
        await ended;
    }

    #directLink(settings: DeviceSettings, clock: Clock): DeviceLink {
        if (settings.host === '') throw new Fault('HOST_MISSING');
        return new HttpClient({
            protocol: settings.protocol,
            host: settings.host,
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
        });
    }
}
