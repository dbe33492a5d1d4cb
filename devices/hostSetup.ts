import { numberAt, optionsAt } from '../protocols/documents/fields';
import { Fault } from '../protocols/errors';
import type { HttpResponse } from '../protocols/http/client';
import { meansUnsupported } from '../protocols/isapi/answerFault';
import {
    type HttpHost,
    isSameHost,
    readHostCapabilities,
    readHosts,
    testHost,
    type WantedHost,
    writeHost,
} from '../protocols/isapi/httpHosts';
import type { IsapiRequest } from '../protocols/isapi/request';

type Ask = (request: IsapiRequest) => Promise<HttpResponse>;

/** A slot as a dialog lists it. */
export interface ShownSlot {
    id: number;
    /** Where it posts; empty where it is free. */
    target: string;
    free: boolean;
    ours: boolean;
}

export interface HostPlan {
    slots: ShownSlot[];
    /** The slot that would be written; left out where none is free. */
    slot?: number;
    /** What the device cannot do of what is wanted. */
    problems: HostProblem[];
}

export type HostProblem = 'no-free-slot' | 'slot-taken' | 'no-https' | 'no-name' | 'url-too-long' | 'local-address';

/** What came of writing a slot. */
export interface HostSetup {
    slot: number;
    /** The slot reads back as it was written. */
    verified: boolean;
    /** What the device says when it tries the slot itself; left out where it has no such test. */
    test?: { ok: boolean; description: string };
}

/** Looks at the listening hosts of a device, and which of them would be taken. Writes nothing. @throws Fault */
export async function planHost(ask: Ask, wanted: WantedHost, chosen?: number): Promise<HostPlan> {
    const { hosts } = await readHosts(ask);
    const problems = await objections(ask, wanted);
    const slots = hosts.map((host) => shownSlot(host, wanted));
    const named = chosen === undefined ? undefined : slots.find(({ id }) => id === chosen);
    if (named !== undefined && !named.free && !named.ours) return { slots, problems: ['slot-taken', ...problems] };
    const slot = named ?? slots.find(({ ours }) => ours) ?? slots.find(({ free }) => free);
    if (slot === undefined) return { slots, problems: ['no-free-slot', ...problems] };
    return { slots, slot: slot.id, problems };
}

/** Writes a free slot, or the one that is ours already; lets the device try it, and reads it back. @throws Fault */
export async function setUpHost(ask: Ask, wanted: WantedHost, chosen?: number): Promise<HostSetup> {
    const { host } = await writeHost(ask, wanted, chosen === undefined ? {} : { slot: chosen });
    const setup: HostSetup = { slot: host.id, verified: isSameHost(host, wanted) };
    const test = await tryHost(ask, host.id);
    return test === undefined ? setup : { ...setup, test };
}

/** The slot of a device that posts where it is wanted to, or nothing. @throws Fault */
export async function findHost(ask: Ask, wanted: Pick<WantedHost, 'host' | 'port' | 'url'>) {
    const { hosts } = await readHosts(ask);
    return hosts.find((host) => isSameHost(host, wanted));
}

function shownSlot(host: HttpHost, wanted: WantedHost): ShownSlot {
    const ours = isSameHost(host, wanted);
    const target = host.free ? '' : `${host.host}:${host.port ?? ''}${hiddenPath(host.url, ours)}`;
    return { id: host.id, target, free: host.free, ours };
}

/** The path of somebody else's host may hold a token. */
function hiddenPath(url: string, ours: boolean): string {
    const path = `/${url.replace(/^\//, '')}`;
    return ours || path === '/' ? path : '/…';
}

/** Recorders refuse to tell their capabilities (maciej-or/hikvision_next PR 152): then nothing is held against it. */
async function objections(ask: Ask, wanted: WantedHost): Promise<HostProblem[]> {
    const capabilities = await tolerant(() => readHostCapabilities(ask));
    const lacks = (path: string, word: string) => {
        const options = optionsAt(capabilities, path);
        return options !== undefined && !options.some((option) => option.toLowerCase() === word);
    };
    const longest = numberAt(capabilities, 'urlLen/@max');
    const byName = !/^[\d.]+$/.test(wanted.host) && !wanted.host.includes(':');
    const found: [HostProblem, boolean][] = [
        ['no-https', wanted.protocol === 'HTTPS' && lacks('protocolType', 'https')],
        ['no-name', byName && lacks('addressingFormatType', 'hostname')],
        ['url-too-long', longest !== undefined && wanted.url.length > longest],
    ];
    return found.filter(([, isSo]) => isSo).map(([problem]) => problem);
}

async function tryHost(ask: Ask, slot: number) {
    return tolerant(async () => {
        const { ok, description } = await testHost(ask, slot);
        return { ok, description: description.slice(0, 200) };
    });
}

/** Cameras answer 500 to the test and recorders 403 (maciej-or/hikvision_next PR 152), which says nothing. */
async function tolerant<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
        return await work();
    } catch (thrown) {
        const fault = Fault.from(thrown);
        const tells = ['DEVICE_ERROR', 'HTTP_STATUS', 'ANSWER_UNREADABLE', 'REQUEST_INVALID'].includes(fault.code);
        if (meansUnsupported(fault) || fault.code === 'FORBIDDEN' || tells) return undefined;
        throw fault;
    }
}
