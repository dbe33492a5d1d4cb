import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { readXmlBody, xmlDocument } from './bodies';
import type { DeviceHabits, DeviceProfile, IsapiDeviceOptions, Reported } from './deviceOptions';
import { deviceTime, localOffset, posixZone, type TimeForm } from './deviceTime';
import type { Emission } from './emission';
import type { Exchange } from './exchange';
import { HttpDevice } from './httpDevice';
import { AlarmPushes } from './push/alarmPushes';
import { HttpHosts } from './push/httpHosts';
import type { PushResult } from './push/pusher';
import { pushStyleOf } from './push/pushVariants';
import { type Random, seededRandom } from './random';
import { EventStreams } from './stream/eventStreams';
import type { Framing, StreamPart } from './stream/framing';
import { armSubscription } from './stream/subscription';
import { framingOf } from './stream/variants';

/** What camera, recorder and terminal have in common: identity, clock, streams, and the documents every client reads. */
export abstract class IsapiDevice extends HttpDevice {
    readonly profile: DeviceProfile;
    readonly streams: EventStreams;
    readonly hosts: HttpHosts;
    readonly pushes: AlarmPushes;
    readonly framing: Framing;
    /** Minutes east of UTC; somebody may set another zone. */
    offset: number;
    readonly random: Random;
    protected readonly timeForm: TimeForm;
    /** Hears what became of the posts of every event. */
    onPushed: (results: PushResult[]) => void = () => undefined;
    readonly #ended = new AbortController();
    readonly #resumesAfterReboot: boolean;
    #startedAt: number;

    protected constructor(profile: DeviceProfile, habits: DeviceHabits, options: IsapiDeviceOptions) {
        const chosen = { ...profile, ...options.profile };
        super({ ...options, login: { realm: chosen.realm, ...options.login } });
        this.profile = chosen;
        this.random = seededRandom(options.seed ?? 1);
        this.offset = options.offset ?? localOffset(this.clock.now());
        this.timeForm = options.timeForm ?? 'offset';
        this.#startedAt = this.clock.now();
        const boundary = options.replay?.boundary;
        const own = boundary === undefined ? habits.framing : { declared: boundary, boundary };
        this.framing = { ...framingOf(options.variants ?? [], own), ...options.framing };
        this.streams = new EventStreams({
            framing: this.framing,
            slots: options.streamSlots ?? habits.slots,
            heartbeat: { ...habits.heartbeat, seconds: options.heartbeatSeconds ?? habits.heartbeat.seconds },
            clock: this.clock,
            random: this.random,
            ...(options.replay && { replay: options.replay }),
            ...(habits.onOpen && { onOpen: habits.onOpen }),
            ...(habits.onClose && { onClose: habits.onClose }),
        });
        this.hosts = new HttpHosts(
            {
                namespace: chosen.namespace,
                strict: false,
                test: 'answered',
                pushHosts: options.pushHosts ?? [],
                ...habits.hosts,
                ...options.hosts,
            },
            this.route.bind(this),
        );
        this.pushes = new AlarmPushes(this.hosts, {
            style: { ...pushStyleOf(options.pushVariants ?? [], habits.pushStyle), ...options.pushStyle },
            retry: habits.retry,
            pushHosts: options.pushHosts ?? [],
            heartbeat: () => this.heartbeat(),
            clock: this.clock,
            ...(options.retryInterval !== undefined && { retryInterval: options.retryInterval }),
        });
        this.#resumesAfterReboot = options.resumesAfterReboot ?? true;
        this.#addDocuments(options.subscribe ?? true);
    }

    /** The sign of life that is posted to a host whose slot asks for it. */
    protected abstract heartbeat(): Emission;

    /** Sends an event to every open stream and to every listening host in use. */
    protected report(emission: Emission, parts: readonly StreamPart[]): Reported {
        this.streams.send(parts, emission.type);
        const pushed = this.pushes.push(emission);
        void pushed.then((results) => this.onPushed(results));
        return { ...emission, pushed };
    }

    /** Points a slot at a listening host, as a client does with PUT `httpHosts`. */
    pushTo(
        url: string,
        login?: { username: string; password: string; method?: 'MD5digest' | 'basic' },
        slot = 1,
    ): void {
        const { protocol, hostname, port, pathname, search } = new URL(url);
        const byName = isIP(hostname.replace(/^\[|\]$/g, '')) === 0;
        this.hosts.set(slot, {
            url: pathname + search,
            protocolType: protocol === 'https:' ? 'HTTPS' : 'HTTP',
            addressingFormatType: byName ? 'hostname' : 'ipaddress',
            [byName ? 'hostName' : 'ipAddress']: hostname,
            portNo: port || (protocol === 'https:' ? '443' : '80'),
            userName: login?.username ?? '',
            password: login?.password ?? '',
            httpAuthenticationMethod: login === undefined ? 'none' : (login.method ?? 'MD5digest'),
        });
    }

    /** What `GET /ISAPI/System/capabilities` holds beside the common flags. */
    protected abstract capabilities(): { SysCap?: object } & object;

    /** What DeviceInfo holds beside the identity. */
    protected deviceInfo(): object {
        return {};
    }

    /** The device's local time in the form in which it writes it. */
    timeText(at = this.clock.now()): string {
        return deviceTime(at, this.offset, this.timeForm);
    }

    /** True once `close` was called. */
    get closed(): boolean {
        return this.#ended.signal.aborted;
    }

    /** Cuts every alert stream, as a bad network does. */
    dropStreams(): void {
        this.streams.drop();
    }

    /** The streams stay open but nothing comes any more, not even a heartbeat. */
    stall(): void {
        this.streams.stall();
    }

    /** Ends a stall. */
    resume(): void {
        this.streams.resume();
    }

    /** Off for `downFor` milliseconds; afterwards on the same port, without its nonces and locks. */
    async reboot(downFor = 0): Promise<void> {
        this.pushes.paused = true;
        await super.close();
        this.login.forget();
        const { signal } = this.#ended;
        // `close` during the pause ends it: the device then stays off.
        await delay(downFor, undefined, { signal }).catch((error: unknown) => {
            if (!signal.aborted) throw error;
        });
        if (signal.aborted) return;
        this.pushes.paused = !this.#resumesAfterReboot;
        this.#startedAt = this.clock.now();
        await this.listen();
    }

    override async close(): Promise<void> {
        this.#ended.abort();
        this.streams.close();
        await Promise.all([this.pushes.close(), super.close()]);
    }

    /** A document that clients only read; `content` is asked anew for every answer. */
    protected document(path: string, root: string, content: () => object, namespace?: string): void {
        this.route('GET', path, (exchange) => exchange.xml(root, content(), namespace ?? this.profile.namespace));
    }

    /** A document that clients read, change and put back whole. */
    protected editable(path: string, root: string, content: object): void {
        let text = xmlDocument(root, content, { namespace: this.profile.namespace, lineEnd: this.lineEnd });
        this.route('GET', path, (exchange) => exchange.sendXml(text));
        this.route('PUT', path, (exchange) => {
            const sent = readXmlBody(exchange.body);
            if (sent === undefined) return exchange.outcome('badFormat');
            if (sent.root !== root) return exchange.outcome('badContent');
            text = exchange.body.toString('utf8');
            exchange.outcome('ok');
        });
    }

    #addDocuments(subscribe: boolean): void {
        const { profile } = this;
        this.document('/ISAPI/System/deviceInfo', 'DeviceInfo', () => ({
            deviceName: profile.name,
            deviceID: '48443030-3231-3234-3536-0cbfea000000',
            model: profile.model,
            serialNumber: profile.serial,
            macAddress: profile.mac,
            firmwareVersion: profile.firmware,
            firmwareReleasedDate: 'build 240101',
            deviceType: profile.deviceType,
            telecontrolID: 88,
            ...this.deviceInfo(),
        }));
        this.document('/ISAPI/System/capabilities', 'DeviceCap', () => {
            const { SysCap, ...others } = this.capabilities();
            return { SysCap: { ...SysCap, isSupportSubscribeEvent: subscribe }, ...others };
        });
        this.document('/ISAPI/System/time', 'Time', () => this.#time());
        this.route('PUT', '/ISAPI/System/time', (exchange) =>
            exchange.outcome(readXmlBody(exchange.body)?.root === 'Time' ? 'ok' : 'badFormat'),
        );
        this.route('GET', '/ISAPI/System/time/timeZone', (exchange) =>
            exchange.send(200, 'text/plain', posixZone(this.offset)),
        );
        this.document('/ISAPI/System/status', 'DeviceStatus', () => this.#status());
        this.document('/ISAPI/Security/adminAccesses', 'AdminAccessProtocolList', () => ({
            AdminAccessProtocol: { id: 1, enabled: true, protocol: this.secure ? 'HTTPS' : 'HTTP', portNo: this.port },
        }));
        this.route('PUT', '/ISAPI/System/reboot', (exchange) => this.#rebootOnRequest(exchange));
        this.route('GET', '/ISAPI/Event/notification/alertStream', (exchange) => this.streams.open(exchange));
        this.document('/ISAPI/Event/notification/subscribeEventCap', 'SubscribeEventCap', () => ({
            heartbeat: { '@min': 1, '@max': 30, '#text': 30 },
            eventMode: { '@opt': 'all,list', '#text': 'all' },
        }));
        this.route('POST', '/ISAPI/Event/notification/subscribeEvent', (exchange) =>
            subscribe ? armSubscription(exchange, this.streams) : exchange.outcome('notSupport'),
        );
    }

    #time(): object {
        return { timeMode: 'NTP', localTime: this.timeText(), timeZone: posixZone(this.offset) };
    }

    #status(): object {
        return {
            currentDeviceTime: this.timeText(),
            deviceUpTime: Math.floor((this.clock.now() - this.#startedAt) / 1000),
            CPUList: { CPU: { cpuDescription: 'simulated', cpuUtilization: 17 } },
            MemoryList: { Memory: { memoryUsage: 120.5, memoryAvailable: 300.25 } },
        };
    }

    #rebootOnRequest(exchange: Exchange): void {
        exchange.response.on('close', () => {
            this.reboot(1000).catch((error: unknown) => this.onRebootFailed(error));
        });
        exchange.outcome('ok');
    }

    /** The port was taken by somebody else meanwhile: there is nobody to tell but the console. */
    protected onRebootFailed(error: unknown): void {
        console.error(`${this.profile.name} did not come back: ${error instanceof Error ? error.message : error}`);
    }
}
