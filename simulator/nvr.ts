import { NAMESPACES } from './bodies';
import { streamingChannel } from './cameraDocuments';
import type { DeviceProfile } from './deviceOptions';
import type { Envelope, SimulatedEvent } from './eventBody';
import { EventTriggers } from './eventTriggers';
import { IoPorts } from './ioPorts';
import { proxyChannel, proxyStatus, recorderTriggers } from './nvrDocuments';
import type { Colour } from './picture/scene';
import { VideoDevice, type VideoDeviceOptions } from './videoDevice';

export interface NvrOptions extends VideoDeviceOptions {
    /** Names of its cameras; their number is the number of channels. */
    channelNames?: readonly string[];
    /** Channels without video: they report `videoloss` twice a second for ever (CornerBit/HikSink). */
    deadChannels?: readonly number[];
    /**
     * `dynamic`: dynChannelID 1, 2, …; `psia`: channelID 33, 34, … in the psialliance namespace, without address
     * (DS-7608NXI-I0).
     */
    numbering?: 'dynamic' | 'psia';
}

const PROFILE: DeviceProfile = {
    name: 'Gravador',
    model: 'DS-7616NI-K2',
    serial: 'DS-7616NI-K21620240101CCRR100000002WCVU',
    mac: '00:00:5e:00:53:82',
    firmware: 'V4.30.005',
    deviceType: 'NVR',
    namespace: NAMESPACES.hikvision,
    realm: 'DVRNVRDVS',
};

const HABITS = {
    framing: {},
    slots: 6,
    heartbeatSeconds: 10,
    hosts: { slots: 1, capabilities: 'forbidden' as const },
};

const NAMES = ['Entrada', 'Garagem', 'Recepção', 'Corredor', 'Depósito', 'Pátio', 'Escada', 'Cobertura'];

const COLOURS: Colour[] = [
    [70, 120, 90],
    [130, 100, 60],
    [100, 80, 130],
    [60, 110, 140],
    [140, 80, 80],
    [90, 120, 50],
    [110, 110, 110],
    [60, 90, 160],
];

const FLOOD_INTERVAL = 500;
const PSIA_OFFSET = 32;

/**
 * A recorder of the DS-7600 line: LF bodies, `dynChannelID` only, no channel name in events, one listening host.
 * Its scenario never ends an event with `inactive`, because such recorders do not (2 516 active, 0 inactive in 22 minutes:
 * CornerBit/HikSink); a test may still emit one.
 */
export class Nvr extends VideoDevice {
    readonly io: IoPorts;
    readonly triggers: EventTriggers;
    readonly #names: readonly string[];
    readonly #dead: Set<number>;
    readonly #psia: boolean;
    readonly #counts = new Map<string, number>();
    #cancelFlood: (() => void) | undefined;

    constructor(options: NvrOptions = {}) {
        const psia = options.numbering === 'psia';
        const stream = { onOpen: () => this.#startFlood(), onClose: () => this.#stopFloodWhenAlone() };
        super(
            { ...PROFILE, ...(psia && { namespace: NAMESPACES.psialliance }) },
            { ...HABITS, ...stream },
            { lineEnd: '\n', ...options },
        );
        this.#psia = psia;
        this.#names = options.channelNames ?? NAMES;
        this.#dead = new Set(options.deadChannels ?? []);
        const route = this.route.bind(this);
        this.io = new IoPorts(4, 1, route);
        this.triggers = new EventTriggers(recorderTriggers(this.channelNumbers()), this.profile.namespace, route);
        this.#addDocuments();
    }

    channelNumbers(): number[] {
        return this.#names.map((_name, index) => index + 1);
    }

    channelName(channel: number): string {
        return this.#names[channel - 1] ?? `Camera ${channel}`;
    }

    override takePicture(channel = 1, size: { width?: number; height?: number } = {}): Buffer | undefined {
        return this.#dead.has(channel) ? undefined : super.takePicture(channel, size);
    }

    override async close(): Promise<void> {
        this.#cancelFlood?.();
        await super.close();
    }

    protected envelope(event: SimulatedEvent): Omit<Envelope, 'dateTime' | 'activePostCount' | 'portNo' | 'protocol'> {
        const name = this.framing.channelName && { channelName: this.framing.channelName.text };
        if (!this.#psia) {
            return { ipAddress: this.address, macAddress: this.profile.mac, channelKey: 'dynChannelID', ...name };
        }
        const channel = PSIA_OFFSET + (event.channel ?? 1);
        return { channelKey: 'channelID', channel, serialNumber: this.profile.serial, ...name };
    }

    protected override eventStyle() {
        return { namespace: this.profile.namespace, version: '1.0' };
    }

    /** Counted by type over all channels, as in the capture. */
    protected nextCount({ type }: SimulatedEvent): number {
        const count = (this.#counts.get(type) ?? 0) + 1;
        this.#counts.set(type, count);
        return count;
    }

    protected background(channel: number): Colour {
        return COLOURS[(channel - 1) % COLOURS.length]!;
    }

    protected capabilities() {
        return {
            SysCap: { VideoCap: { videoInputPortNums: 0 }, IOCap: { IOInputPortNums: 4, IOOutputPortNums: 1 } },
            RacmCap: { inputProxyNums: this.#names.length },
        };
    }

    #startFlood(): void {
        if (this.#dead.size === 0 || this.#cancelFlood !== undefined) return;
        const flood = () => {
            for (const channel of this.#dead) this.emitOnStreams({ type: 'videoloss', channel });
            this.#cancelFlood = this.clock.after(FLOOD_INTERVAL, flood);
        };
        this.#cancelFlood = this.clock.after(FLOOD_INTERVAL, flood);
    }

    #stopFloodWhenAlone(): void {
        if (this.streams.size > 0) return;
        this.#cancelFlood?.();
        this.#cancelFlood = undefined;
    }

    #addDocuments(): void {
        const proxies = this.channelNumbers().map((id) => proxyChannel(id, this.channelName(id)));
        const base = '/ISAPI/ContentMgmt/InputProxy/channels';
        this.route('GET', '/ISAPI/System/Video/inputs/channels', (exchange) => exchange.outcome('notSupport'));
        // `size` is not the number of entries on real recorders (7 with 9 entries: hikvision_next).
        this.document(base, 'InputProxyChannelList', () => ({ '@size': 7, InputProxyChannel: proxies }));
        this.route('GET', `${base}/{id}`, (exchange) => {
            const proxy = proxies[Number(exchange.params.id) - 1];
            if (proxy === undefined) exchange.outcome('badParameters');
            else exchange.xml('InputProxyChannel', proxy, this.profile.namespace);
        });
        this.document(`${base}/status`, 'InputProxyChannelStatusList', () => ({
            InputProxyChannelStatus: this.channelNumbers().map((id) => proxyStatus(id, !this.#dead.has(id))),
        }));
        this.document('/ISAPI/Streaming/channels', 'StreamingChannelList', () => ({
            StreamingChannel: this.channelNumbers().flatMap((id) => [
                streamingChannel(id, 1, this.channelName(id)),
                streamingChannel(id, 2, this.channelName(id)),
            ]),
        }));
    }
}
