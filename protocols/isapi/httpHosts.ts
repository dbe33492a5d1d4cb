import { type Place, XmlEditor } from '../documents/editXml';
import { compact, numberAt, textAt } from '../documents/fields';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import type { HttpResponse } from '../http/client';
import { readAnswer, textOf } from './answer';
import { meansUnsupported } from './answerFault';
import type { IsapiRequest } from './request';

type Ask = (request: IsapiRequest) => Promise<HttpResponse>;

const PATH = '/ISAPI/Event/notification/httpHosts';

/** One slot of a device: where it posts its events. */
export interface HttpHost {
    id: number;
    url: string;
    protocol?: string;
    /** Address or host name. */
    host: string;
    port?: number;
    format?: string;
    authentication?: string;
    free: boolean;
}

/** What a slot is to say. */
export interface WantedHost {
    /** With the token in its path, as devices drop a query (a site with DeepinView cameras, by tcpdump). */
    url: string;
    protocol: 'HTTP' | 'HTTPS';
    host: string;
    port: number;
    format: 'XML' | 'JSON';
    /** How the device shows who it is; nothing is changed about that where it is left out. */
    login?: { method: 'none' | 'basic' | 'MD5digest'; username: string; password: string };
}

export interface HttpHostSlots {
    hosts: HttpHost[];
    /** The document, for writing back. */
    text: string;
}

/** What a slot says that is not used. */
const EMPTY: WantedHost = { url: '/', protocol: 'HTTP', host: '0.0.0.0', port: 80, format: 'XML' };
/** The same for firmware that refuses empty slots. */
const FILLER = { ...EMPTY, protocol: 'EHome', port: 15300 };

/** The listening hosts of a device. Recorders and two old cameras send one item where others send a list. */
export async function readHosts(ask: Ask): Promise<HttpHostSlots> {
    const answer = await ask({ path: PATH });
    const text = textOf(answer.body, answer.headers['content-type']);
    const editor = new XmlEditor(text);
    return { text, hosts: places(editor).map((place) => hostAt(editor, place)) };
}

/**
 * Writes a slot: the given one, the one that already says the same, or the first free one. A slot in use is never
 * taken, unless it is named and `replace` is set.
 *
 * @returns the slot that was written
 * @throws Fault SLOT_TAKEN, NO_FREE_HOST
 */
export async function writeHost(
    ask: Ask,
    wanted: WantedHost,
    { slot, replace = false }: { slot?: number; replace?: boolean } = {},
): Promise<{ host: HttpHost; answer: HttpResponse }> {
    const { hosts, text } = await readHosts(ask);
    const chosen = choose(hosts, wanted, slot, replace);
    const answer = await put(ask, text, chosen.id, wanted);
    const after = (await readHosts(ask)).hosts.find((host) => host.id === chosen.id) ?? chosen;
    return { host: after, answer };
}

/** Gives a slot back, if it is ours: only one that says `url` is emptied, unless no url is given. */
export async function releaseHost(ask: Ask, slot: number, url?: string): Promise<{ released: boolean }> {
    const { hosts, text } = await readHosts(ask);
    const host = hosts.find((one) => one.id === slot);
    if (host === undefined || host.free) return { released: false };
    if (url !== undefined && url !== '' && !sameUrl(host.url, url)) throw taken(host);
    await put(ask, text, slot, EMPTY);
    return { released: true };
}

/** Lets the device try the slot by itself. @returns what the device says; `ok` is success */
export async function testHost(ask: Ask, slot: number): Promise<{ ok: boolean; description: string }> {
    const { text } = await readHosts(ask);
    const body = documentOf(text, slot);
    const answer = await ask({ method: 'POST', path: `${PATH}/${slot}/test`, body });
    const description = textAt(readAnswer(answer, 'auto'), 'HttpHostTestResult/errorDescription') ?? 'ok';
    return { ok: /^ok$/i.test(description), description };
}

export async function readHostCapabilities(ask: Ask): Promise<unknown> {
    const answer = await ask({ path: `${PATH}/capabilities` });
    return (readAnswer(answer, 'object') as Record<string, unknown>).HttpHostNotificationCap;
}

function places(editor: XmlEditor): Place[] {
    if (editor.root.name === 'HttpHostNotification') return [editor.root];
    return editor.root.children.filter((child) => child.name === 'HttpHostNotification');
}

function hostAt(editor: XmlEditor, place: Place): HttpHost {
    const entry = { entry: Object.values(readXml(editor.source(place)) ?? {})[0] };
    const address = textAt(entry, 'entry/ipAddress') ?? '';
    const byName = /hostname/i.test(textAt(entry, 'entry/addressingFormatType') ?? '');
    const host = byName
        ? (textAt(entry, 'entry/hostName') ?? address)
        : address || (textAt(entry, 'entry/hostName') ?? '');
    const url = textAt(entry, 'entry/url') ?? '';
    return compact<HttpHost>({
        id: numberAt(entry, 'entry/id') ?? 1,
        url,
        protocol: textAt(entry, 'entry/protocolType'),
        host,
        port: numberAt(entry, 'entry/portNo'),
        format: textAt(entry, 'entry/parameterFormatType'),
        authentication: textAt(entry, 'entry/httpAuthenticationMethod'),
        // An unused slot has no address; its url is "/" or empty on every device dumped (hikvision_next).
        free: host === '' || host === '0.0.0.0' || host === '::',
    });
}

/** Whether a slot posts where it is wanted to. */
export function isSameHost(host: HttpHost, wanted: Pick<WantedHost, 'host' | 'port' | 'url'>): boolean {
    return host.host === wanted.host && host.port === wanted.port && sameUrl(host.url, wanted.url);
}

function choose(hosts: readonly HttpHost[], wanted: WantedHost, slot: number | undefined, replace: boolean): HttpHost {
    const ours = (host: HttpHost) => host.host === wanted.host && sameUrl(host.url, wanted.url);
    if (slot !== undefined) {
        const host = hosts.find((one) => one.id === slot);
        if (host === undefined) throw new Fault('NOT_FOUND', { details: { path: `${PATH}/${slot}` } });
        if (!host.free && !ours(host) && !replace) throw taken(host);
        return host;
    }
    const host = hosts.find(ours) ?? hosts.find((one) => one.free);
    if (host === undefined) throw new Fault('NO_FREE_HOST', { details: { count: hosts.length } });
    return host;
}

function taken(host: HttpHost): Fault {
    return new Fault('SLOT_TAKEN', { details: { slot: host.id, host: host.host } });
}

function sameUrl(one: string, other: string): boolean {
    return one.replace(/^\//, '') === other.replace(/^\//, '');
}

/**
 * Puts one slot, in the form that the device takes: the slot alone; the whole list; the whole list with its empty slots
 * filled, because some firmware refuses any empty one (a public document on the DS-K1A8503MF).
 */
async function put(ask: Ask, text: string, slot: number, wanted: WantedHost): Promise<HttpResponse> {
    const alone = new XmlEditor(documentOf(text, slot));
    fill(alone, alone.root, wanted);
    try {
        return await ask({ method: 'PUT', path: `${PATH}/${slot}`, body: alone.toString() });
    } catch (thrown) {
        const fault = Fault.from(thrown);
        const isList = new XmlEditor(text).root.name !== 'HttpHostNotification';
        if (!isList || (fault.code !== 'REQUEST_INVALID' && !meansUnsupported(fault))) throw fault;
    }
    try {
        return await ask({ method: 'PUT', path: PATH, body: wholeList(text, slot, wanted, false) });
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code !== 'REQUEST_INVALID') throw fault;
        return ask({ method: 'PUT', path: PATH, body: wholeList(text, slot, wanted, true) });
    }
}

function wholeList(text: string, slot: number, wanted: WantedHost, fillEmpty: boolean): string {
    const editor = new XmlEditor(text);
    for (const place of places(editor)) {
        const host = hostAt(editor, place);
        const isOurs = host.id === slot;
        if (fillEmpty && (isOurs ? wanted === EMPTY : host.free)) fill(editor, place, FILLER);
        else if (isOurs) fill(editor, place, wanted);
    }
    return editor.toString();
}

/** The document of one slot, with the namespace that the list gave it. */
function documentOf(text: string, slot: number): string {
    const editor = new XmlEditor(text);
    const place = places(editor).find((one) => hostAt(editor, one).id === slot);
    if (place === undefined) throw new Fault('NOT_FOUND', { details: { path: `${PATH}/${slot}` } });
    if (place === editor.root) return editor.toString();
    const source = editor.source(place);
    const tag = /^<[^>]*>/.exec(source)?.[0] ?? '';
    const attributes = /^<[^\s>]+([^>]*)>/.exec(editor.source(editor.root))?.[1] ?? '';
    const own = /\sxmlns[:=]/.test(tag) ? source : source.replace(/^<([\w:.-]+)[^>]*>/, `<$1${attributes}>`);
    return `<?xml version="1.0" encoding="UTF-8"?>\n${own}\n`;
}

function fill(editor: XmlEditor, place: Place, wanted: Omit<WantedHost, 'protocol'> & { protocol: string }): void {
    const isAddress = /^[\d.]+$/.test(wanted.host) || wanted.host.includes(':');
    editor.put('url', wanted.url, place);
    editor.put('protocolType', wanted.protocol, place);
    editor.put('parameterFormatType', wanted.format, place);
    editor.put('addressingFormatType', isAddress ? 'ipaddress' : 'hostname', place);
    if (!isAddress) editor.put('hostName', wanted.host, place, 'addressingFormatType');
    else
        editor.put(wanted.host.includes(':') ? 'ipv6Address' : 'ipAddress', wanted.host, place, 'addressingFormatType');
    editor.put('portNo', wanted.port, place);
    if (wanted.login === undefined) return;
    const { method, username, password } = wanted.login;
    editor.put('userName', username, place, 'portNo');
    // A document that was read holds no password, and devices check the order of what they are sent.
    editor.put('password', password, place, editor.find('userName', place) === undefined ? 'portNo' : 'userName');
    editor.put('httpAuthenticationMethod', method, place);
}
