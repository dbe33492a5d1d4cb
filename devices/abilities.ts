import { readKeyValues } from '../protocols/dahua/keyValues';
import { at, compact, flagAt, listAt, numberAt, textAt } from '../protocols/documents/fields';
import { Fault } from '../protocols/errors';
import type { HttpResponse } from '../protocols/http/client';
import { readAnswer, textOf } from '../protocols/isapi/answer';
import { meansForeign, meansUnsupported } from '../protocols/isapi/answerFault';
import type { IsapiRequest } from '../protocols/isapi/request';
import { type AudioChannel, readAudioChannels } from '../protocols/isapi/twoWayAudio';
import { readDoorCapabilities } from '../protocols/operations/access';
import { type Channel, readChannels } from '../protocols/operations/channels';
import { type EventTrigger, readTriggers } from '../protocols/operations/detection';
import type { Knowledge } from '../protocols/operations/operation';

/** What kind of thing a device is; operations and pickers follow it. */
export type DeviceFamily =
    | 'camera'
    | 'recorder'
    | 'access-terminal'
    | 'door-station'
    | 'alarm-panel'
    | 'dahua'
    | 'unknown';

/** Who a device says it is. */
export interface DeviceProfile {
    vendor: 'hikvision' | 'dahua';
    family: DeviceFamily;
    name?: string;
    model?: string;
    /** Whole, as the device writes it: model, date and number in one. */
    serial?: string;
    firmware?: string;
    mac?: string;
    /** As the device writes it, without blanks around it. */
    deviceType?: string;
    /** Electric locks, where the device counts them. */
    locks?: number;
    inputs?: number;
    outputs?: number;
}

export interface Doors {
    first: number;
    last: number;
    commands: readonly string[];
}

/** What can be learned of a device, each piece when it is first asked for. */
export interface Facts {
    profile: DeviceProfile;
    channels: Channel[];
    triggers: EventTrigger[];
    /** Whether events can be subscribed to with a filter. */
    subscribe: boolean;
    doors: Doors;
    /** Matches per page of the access history. */
    historyPage: number;
    /** Whether the access history can be searched by serial number. */
    historyBySerial: boolean;
    audioChannels: AudioChannel[];
}

type Ask = (request: IsapiRequest) => Promise<HttpResponse>;

/**
 * What a device can do, learned on first contact and kept. A piece that the device refuses is remembered as refused;
 * one that could not be asked (offline, locked, no permission) is asked again, because that says nothing about the
 * device (santanapedro/ha-hikvision-access: probes while locked gave false results).
 */
export class Abilities implements Knowledge {
    readonly #ask: Ask;
    readonly #vendor: 'auto' | 'hikvision' | 'dahua';
    readonly #learned = new Map<keyof Facts, Promise<unknown>>();
    readonly #known: Partial<Facts> = {};
    readonly #refusals = new Map<keyof Facts, Fault>();

    constructor(ask: Ask, vendor: 'auto' | 'hikvision' | 'dahua' = 'auto') {
        this.#ask = ask;
        this.#vendor = vendor;
    }

    /** What has been learned so far, without asking the device. */
    get known(): Readonly<Partial<Facts>> {
        return this.#known;
    }

    /** Forgets everything, so that the next question goes to the device. */
    refresh(): void {
        this.#learned.clear();
        this.#refusals.clear();
        for (const name of Object.keys(this.#known)) delete this.#known[name as keyof Facts];
    }

    /** @throws Fault where the device cannot be asked */
    profile(): Promise<DeviceProfile> {
        return this.#learn('profile', () => this.#readProfile()) as Promise<DeviceProfile>;
    }

    async family(): Promise<DeviceFamily | undefined> {
        return (await this.#quietly(() => this.profile()))?.family;
    }

    /** Channels with their names; empty where the device has none. */
    async channels(): Promise<Channel[]> {
        const { vendor } = await this.profile();
        const read = vendor === 'dahua' ? () => this.#dahuaChannels() : () => readChannels(this.#ask);
        return (await this.#learn('channels', read)) ?? [];
    }

    /** The events that the device can raise and what it does with each. */
    async triggers(): Promise<EventTrigger[]> {
        const read = async () => readTriggers(await this.#read('/ISAPI/Event/triggers'));
        return (await this.#learn('triggers', read)) ?? [];
    }

    /** Whether the device offers `subscribeEvent`. It stands in one of two places (device dumps of hikvision_next). */
    async subscribe(): Promise<boolean> {
        const read = async () => {
            const document = await this.#read('/ISAPI/System/capabilities');
            const inside = flagAt(document, 'DeviceCap/SysCap/isSupportSubscribeEvent');
            return inside ?? flagAt(document, 'DeviceCap/isSupportSubscribeEvent') ?? false;
        };
        return (await this.#learn('subscribe', read)) ?? false;
    }

    async doors(): Promise<Doors | undefined> {
        const read = async () =>
            readDoorCapabilities(await this.#read('/ISAPI/AccessControl/RemoteControl/door/capabilities'));
        return this.#quietly(() => this.#learn('doors', read));
    }

    /** Matches per page; false where the device keeps no history. Which models do is no question of the family. */
    async historyPage(): Promise<number | false | undefined> {
        const read = async () => {
            const document = await this.#read('/ISAPI/AccessControl/AcsEvent/capabilities?format=json');
            const condition = at(document, 'AcsEvent/AcsEventCond') ?? at(document, 'AcsEventCond');
            this.#known.historyBySerial = at(condition, 'beginSerialNo') !== undefined;
            return numberAt(condition, 'maxResults/@max') ?? 30;
        };
        const size = await this.#quietly(async () => ({ size: await this.#learn('historyPage', read) }));
        if (size === undefined) return undefined;
        return size.size ?? this.#historyUnlessRefused();
    }

    /** Whether matches of the access history can be asked for by serial number (`beginSerialNo` in its capabilities). */
    async historyBySerial(): Promise<boolean> {
        await this.historyPage();
        return this.#known.historyBySerial ?? false;
    }

    /** Some terminals have a history and no capabilities of it: a path that they do not know says nothing. */
    #historyUnlessRefused(): false | undefined {
        const refusal = this.#refusals.get('historyPage');
        const inWords = refusal?.isapi?.subStatusCode?.toLowerCase() === 'notsupport';
        return inWords && refusal.status !== 404 ? false : undefined;
    }

    async audioChannels(): Promise<readonly AudioChannel[] | undefined> {
        const read = async () => readAudioChannels(await this.#read('/ISAPI/System/TwoWayAudio/channels'));
        return this.#quietly(() => this.#learn('audioChannels', read));
    }

    /** All that can be learned; what the device does not have is left out. */
    async everything(refresh = false): Promise<Partial<Facts>> {
        if (refresh) this.refresh();
        const profile = await this.profile();
        const facts: Partial<Facts> = { profile, channels: await this.channels() };
        if (profile.vendor === 'dahua') return facts;
        const historyPage = await this.historyPage();
        return compact<Partial<Facts>>({
            ...facts,
            triggers: await this.#quietly(() => this.triggers()),
            subscribe: await this.#quietly(() => this.subscribe()),
            doors: await this.doors(),
            historyPage: historyPage === false ? undefined : historyPage,
            audioChannels: (await this.audioChannels())?.slice(),
        });
    }

    /** One question for all who ask at the same time; `undefined` where the device says that it cannot. */
    #learn<K extends keyof Facts>(name: K, read: () => Promise<Facts[K] | undefined>): Promise<Facts[K] | undefined> {
        const learned = this.#learned.get(name) as Promise<Facts[K] | undefined> | undefined;
        if (learned !== undefined) return learned;
        const asked = read().then(
            (fact) => {
                if (fact !== undefined && this.#learned.get(name) === asked) this.#known[name] = fact;
                return fact;
            },
            (thrown: unknown) => {
                const fault = Fault.from(thrown);
                if (name !== 'profile' && meansUnsupported(fault)) {
                    this.#refusals.set(name, fault);
                    return undefined;
                }
                this.#learned.delete(name);
                throw fault;
            },
        );
        this.#learned.set(name, asked);
        return asked;
    }

    /** What is only nice to know must not fail a request; what matters fails with the request itself. */
    async #quietly<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
        try {
            return await ask();
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code.startsWith('AUTH_') || fault.code === 'CLOSED' || fault.code.startsWith('CONNECT'))
                throw fault;
            return undefined;
        }
    }

    async #read(path: string): Promise<unknown> {
        return readAnswer(await this.#ask({ path }), 'object');
    }

    async #readProfile(): Promise<DeviceProfile> {
        if (this.#vendor === 'dahua') return this.#dahuaProfile();
        try {
            return profileOf(await this.#read('/ISAPI/System/deviceInfo'));
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (this.#vendor !== 'auto' || !(meansUnsupported(fault) || meansForeign(fault))) throw fault;
            return this.#dahuaProfile().catch(() => Promise.reject(fault));
        }
    }

    async #dahuaProfile(): Promise<DeviceProfile> {
        const read = async (query: Record<string, string>) =>
            readKeyValues(textOf((await this.#ask({ path: '/cgi-bin/magicBox.cgi', query })).body));
        const system = await read({ action: 'getSystemInfo' });
        const software = await this.#quietly(() => read({ action: 'getSoftwareVersion' }));
        const deviceType = textAt(system, 'deviceType');
        const model = textAt(system, 'updateSerial') ?? deviceType;
        return compact<DeviceProfile>({
            vendor: 'dahua',
            family: 'dahua',
            model,
            serial: textAt(system, 'serialNumber'),
            firmware: textAt(software, 'version')?.split(',')[0],
            deviceType,
        });
    }

    async #dahuaChannels(): Promise<Channel[]> {
        const query = { action: 'getConfig', name: 'ChannelTitle' };
        const answer = readKeyValues(textOf((await this.#ask({ path: '/cgi-bin/configManager.cgi', query })).body));
        const titles = at(answer, 'ChannelTitle');
        return (Array.isArray(titles) ? titles : []).map((title, index) =>
            compact<Channel>({ id: index + 1, name: textAt(title, 'Name'), source: 'video' }),
        );
    }
}

/** Who the device is, from `GET /System/deviceInfo`. @throws Fault ANSWER_UNREADABLE */
function profileOf(document: unknown): DeviceProfile {
    const [info] = listAt(document, 'DeviceInfo');
    if (info === undefined) {
        throw new Fault('ANSWER_UNREADABLE', {
            details: { expected: 'DeviceInfo', reason: 'the device answers something else' },
        });
    }
    const deviceType = textAt(info, 'deviceType');
    const model = textAt(info, 'model');
    return compact<DeviceProfile>({
        vendor: 'hikvision',
        family: familyOf(deviceType, model),
        name: textAt(info, 'deviceName'),
        model,
        serial: textAt(info, 'serialNumber'),
        firmware: textAt(info, 'firmwareVersion'),
        mac: textAt(info, 'macAddress')?.toLowerCase(),
        deviceType,
        locks: numberAt(info, 'electroLockNum'),
        inputs: numberAt(info, 'alarmInNum'),
        outputs: numberAt(info, 'alarmOutNum'),
    });
}

/** By type first, by the beginning of the model second; both are public in device dumps of the clients named above. */
const FAMILIES: readonly [DeviceFamily, RegExp, RegExp][] = [
    ['door-station', /vis|doorstation|intercom|outdoor|indoor/i, /^DS-(?:K[BDHV]\d|KV|KD|KH|KB|HD\d)/i],
    ['access-terminal', /acs|access|attendance/i, /^DS-K[125]/i],
    ['alarm-panel', /^ax|panel|alarmhost|securitycp/i, /^(?:AX|DS-P[WH])/i],
    ['recorder', /nvr|dvr|hvr|recorder/i, /^(?:i?DS-[789]\d|DS-M|ERI-|DHI-NVR)/i],
    ['camera', /ipc|ipdome|ipzoom|ip ?camera|ipd|speeddome|tvs/i, /^(?:i?DS-2|HWI|HNC)/i],
];

/** The family of a device type and model; a device type may be three letters behind a tab (a door station). */
export function familyOf(deviceType = '', model = ''): DeviceFamily {
    const byType = FAMILIES.find(([, type]) => type.test(deviceType.trim()));
    const byModel = FAMILIES.find(([, , name]) => name.test(model.trim()));
    return byType?.[0] ?? byModel?.[0] ?? 'unknown';
}
