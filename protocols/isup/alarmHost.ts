import { isIPv4, isIPv6 } from 'node:net';
import { readXml, type XmlObject, type XmlValue } from '../documents/readXml';
import { Fault } from '../errors';
import { readIsapiStatus } from '../isapi/responseStatus';

const HOSTS = '/ISAPI/Event/notification/httpHosts';

/** ISAPI to the device whose alarm host is meant. */
export type Ask = (method: string, path: string, body?: Buffer) => Promise<Buffer>;

export interface AlarmAddress {
    address: string;
    port: number;
}

/** ISAPI statusCode of a success: OK, and OK after a restart. */
const SUCCESS = new Set([1, 7]);

function textOf(value: XmlValue | undefined): string {
    return typeof value === 'string' ? value.trim() : '';
}

function slotsOf(body: Buffer): XmlObject[] | undefined {
    const document = readXml(body.toString('utf8'));
    const list = document?.HttpHostNotificationList;
    if (typeof list !== 'object' || Array.isArray(list)) return list === '' ? [] : undefined;
    const found = list.HttpHostNotification;
    const all = Array.isArray(found) ? found : found === undefined ? [] : [found];
    return all.filter((one): one is XmlObject => typeof one === 'object');
}

function isFree(slot: XmlObject): boolean {
    const address = textOf(slot.ipAddress);
    const named = textOf(slot.hostName) || textOf(slot.ipv6Address).replace(/^::$/, '');
    return (address === '' || address === '0.0.0.0') && named === '' && Number(textOf(slot.portNo) || 0) === 0;
}

function isOurs(slot: XmlObject, { address, port }: AlarmAddress): boolean {
    const names = [slot.ipAddress, slot.ipv6Address, slot.hostName].map(textOf);
    return (
        /^ehome$/i.test(textOf(slot.protocolType)) && names.includes(address) && Number(textOf(slot.portNo)) === port
    );
}

function where(address: string): string {
    if (isIPv4(address))
        return `<addressingFormatType>ipaddress</addressingFormatType><ipAddress>${address}</ipAddress>`;
    if (isIPv6(address)) {
        return `<addressingFormatType>ipaddress</addressingFormatType><ipv6Address>${address}</ipv6Address>`;
    }
    const name = address.replace(/[<>&]/g, '');
    return `<addressingFormatType>hostname</addressingFormatType><hostName>${name}</hostName>`;
}

/** The document as the vendor's platform writes it. */
function hostDocument(id: string, protocol: 'EHome' | 'HTTP', { address, port }: AlarmAddress): Buffer {
    return Buffer.from(
        '<HttpHostNotification version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">' +
            `<id>${id}</id><url></url><protocolType>${protocol}</protocolType>` +
            `<parameterFormatType>XML</parameterFormatType>${where(address)}<portNo>${port}</portNo>` +
            '<userName></userName><httpAuthenticationMethod>none</httpAuthenticationMethod>' +
            '<childDeviceEnabled>false</childDeviceEnabled></HttpHostNotification>',
    );
}

function check(body: Buffer): void {
    const answer = readIsapiStatus(body);
    if (answer === undefined || !('status' in answer)) return;
    const { statusCode, statusString, subStatusCode } = answer.status;
    if (statusCode === undefined || SUCCESS.has(statusCode)) return;
    const reason = subStatusCode ?? statusString ?? String(statusCode);
    throw new Fault('NOT_SUPPORTED', { details: { reason }, isapi: answer.status });
}

/**
 * Writes the listener as alarm host into a device: into a slot that is its own already or is empty, never over one that
 * somebody else uses.
 *
 * @returns the number of the slot
 * @throws Fault ISUP_NO_ALARM_SLOT, NOT_SUPPORTED, and those of `ask`
 */
export async function claimAlarmHost(ask: Ask, deviceId: string, address: AlarmAddress): Promise<string> {
    const listed = await ask('GET', HOSTS);
    const slots = slotsOf(listed);
    if (slots === undefined) {
        check(listed);
        throw new Fault('NOT_SUPPORTED', { details: { reason: 'it lists no alarm hosts' } });
    }
    const ours = slots.find((slot) => isOurs(slot, address));
    if (ours) return textOf(ours.id);
    if (slots.length === 0) {
        check(await ask('POST', HOSTS, hostDocument('1', 'EHome', address)));
        return '1';
    }
    const free = slots.find((slot) => isFree(slot) && /^\d{1,5}$/.test(textOf(slot.id)));
    if (free === undefined) throw new Fault('ISUP_NO_ALARM_SLOT', { details: { deviceId } });
    const id = textOf(free.id);
    check(await ask('PUT', `${HOSTS}/${id}`, hostDocument(id, 'EHome', address)));
    return id;
}

/**
 * Empties a slot that {@link claimAlarmHost} took, if it still holds our address: somebody may have changed it since.
 *
 * @throws Fault NOT_SUPPORTED, and those of `ask`
 */
export async function releaseAlarmHost(ask: Ask, id: string, address: AlarmAddress): Promise<void> {
    const slots = slotsOf(await ask('GET', HOSTS)) ?? [];
    const slot = slots.find((one) => textOf(one.id) === id);
    if (slot === undefined || !isOurs(slot, address)) return;
    check(await ask('PUT', `${HOSTS}/${id}`, hostDocument(id, 'HTTP', { address: '0.0.0.0', port: 0 })));
}

/** A slot that we hold in a device. */
export interface AlarmHostClaim extends AlarmAddress {
    slot: string;
}

export interface AlarmHostKeeperOptions {
    /** True: every device that comes online gets our address. False: those that have it are given it back. */
    on: boolean;
    /** What an earlier run holds, by Device ID. Where it is known later, devices wait for it. */
    claims: Record<string, AlarmHostClaim> | Promise<Record<string, AlarmHostClaim>>;
    ask(deviceId: string): Ask;
    /** To be kept for the next run. */
    onClaims(claims: Record<string, AlarmHostClaim>): void;
    onLog(what: 'claimed' | 'released', deviceId: string, slot: string): void;
    onFault(deviceId: string, fault: Fault): void;
}

/** Keeps the alarm hosts of the devices of one listener as its user wants them. */
export class AlarmHostKeeper {
    private readonly claims = new Map<string, AlarmHostClaim>();
    private readonly busy = new Set<string>();
    private readonly known: Promise<void>;

    constructor(private readonly options: AlarmHostKeeperOptions) {
        this.known = this.takeUp(options.claims);
    }

    private async takeUp(claims: AlarmHostKeeperOptions['claims']): Promise<void> {
        for (const [deviceId, claim] of Object.entries(await claims)) this.claims.set(deviceId, claim);
    }

    /** A device can be asked. Settles when it was; never rejects. @param ours where it reaches this listener */
    async online(deviceId: string, ours: AlarmAddress): Promise<void> {
        if (this.busy.has(deviceId)) return;
        this.busy.add(deviceId);
        try {
            await this.known;
            if (this.options.on) await this.claim(deviceId, ours);
            else await this.release(deviceId);
        } catch (error) {
            this.options.onFault(deviceId, Fault.from(error));
        } finally {
            this.busy.delete(deviceId);
        }
    }

    private async claim(deviceId: string, address: AlarmAddress): Promise<void> {
        const held = this.claims.get(deviceId);
        const ask = this.options.ask(deviceId);
        if (held && (held.address !== address.address || held.port !== address.port)) {
            await releaseAlarmHost(ask, held.slot, held);
            this.claims.delete(deviceId);
        }
        const slot = await claimAlarmHost(ask, deviceId, address);
        if (this.claims.has(deviceId)) return;
        this.claims.set(deviceId, { ...address, slot });
        this.options.onClaims(Object.fromEntries(this.claims));
        this.options.onLog('claimed', deviceId, slot);
    }

    private async release(deviceId: string): Promise<void> {
        const held = this.claims.get(deviceId);
        if (held === undefined) return;
        await releaseAlarmHost(this.options.ask(deviceId), held.slot, held);
        this.claims.delete(deviceId);
        this.options.onClaims(Object.fromEntries(this.claims));
        this.options.onLog('released', deviceId, held.slot);
    }
}
