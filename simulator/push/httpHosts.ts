import net from 'node:net';
import type { XmlObject } from '../../protocols/documents/readXml';
import { readJsonBody, readXmlBody, xmlDocument } from '../bodies';
import type { Exchange } from '../exchange';
import type { Outcome } from '../outcomes';
import type { Handler } from '../routes';
import { freeSlot, type HostSlot, mayCall, objectionTo, targetOf } from './hostSlot';

export interface HttpHostsOptions {
    /** Cameras have three, terminals two, recorders one. */
    slots: number;
    namespace: string;
    /** Validates as a DS-K1A8503MF does. */
    strict: boolean;
    /** Recorders answer 403 to `capabilities` (hikvision_next PR #152). */
    capabilities: 'answered' | 'forbidden';
    /** Cameras have answered 500 and recorders 403 to `test` (hikvision_next PR #152). */
    test: 'answered' | 'forbidden' | 'failing';
    /** Other machines that may be called when a slot is tested. */
    pushHosts: readonly string[];
}

const BASE = '/ISAPI/Event/notification/httpHosts';

/** The listening hosts of a device: their documents, as clients read and write them (vendor's alarm-listening article). */
export class HttpHosts {
    readonly #slots: HostSlot[];
    /** Called after every successful PUT, even of what was there before. */
    onChange: () => void = () => undefined;

    constructor(
        readonly options: HttpHostsOptions,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        this.#slots = Array.from({ length: options.slots }, (_none, index) => freeSlot(index + 1));
        route('GET', BASE, (exchange) => this.#list(exchange));
        route('PUT', BASE, (exchange) => this.#putList(exchange));
        route('GET', `${BASE}/{id}`, (exchange) => this.#one(exchange));
        route('PUT', `${BASE}/{id}`, (exchange) => this.#putOne(exchange));
        route('GET', `${BASE}/capabilities`, (exchange) => this.#capabilities(exchange));
        route('POST', `${BASE}/{id}/test`, (exchange) => this.#test(exchange));
    }

    get slots(): readonly HostSlot[] {
        return this.#slots;
    }

    /** Fills a slot without a client: fields in the words of the document. */
    set(id: number, fields: Record<string, unknown>): void {
        const slot = this.#slots[id - 1];
        if (slot !== undefined) Object.assign(slot, fields);
        this.onChange();
    }

    #list(exchange: Exchange): void {
        const slots = this.#slots.map(shown);
        if (exchange.wantsJson) {
            exchange.json({ HttpHostNotificationList: slots.map((slot) => ({ HttpHostNotification: slot })) });
        } else {
            this.#xml(exchange, 'HttpHostNotificationList', { HttpHostNotification: slots });
        }
    }

    #one(exchange: Exchange): void {
        const slot = this.#slots.find(({ id }) => id === exchange.params.id);
        if (slot === undefined) exchange.outcome('badParameters');
        else if (exchange.wantsJson) exchange.json({ HttpHostNotification: shown(slot) });
        else this.#xml(exchange, 'HttpHostNotification', shown(slot));
    }

    #putList(exchange: Exchange): void {
        const sent = exchange.wantsJson ? jsonList(exchange.body) : xmlList(exchange.body);
        exchange.outcome(sent === undefined ? 'badFormat' : this.#store(sent));
    }

    #putOne(exchange: Exchange): void {
        const sent = exchange.wantsJson ? jsonOne(exchange.body) : xmlOne(exchange.body);
        if (sent === undefined) exchange.outcome('badFormat');
        else exchange.outcome(this.#store([{ id: exchange.params.id, ...sent } as HostSlot]));
    }

    /** All or nothing, so that a refused list leaves no half of itself. */
    #store(sent: HostSlot[]): Outcome {
        const places = sent.map((slot) => this.#slots.findIndex(({ id }) => id === String(slot.id)));
        if (sent.length === 0 || places.includes(-1)) return 'badContent';
        if (sent.some((slot) => objectionTo(slot, this.options.strict) !== undefined)) return 'badContent';
        for (const [index, slot] of sent.entries()) {
            const place = places[index]!;
            const { password } = this.#slots[place]!;
            // A document that was read holds no password: putting it back keeps the one the device has.
            this.#slots[place] = { ...(password !== undefined && { password }), ...slot, id: String(slot.id) };
        }
        this.onChange();
        return 'ok';
    }

    #capabilities(exchange: Exchange): void {
        if (this.options.capabilities === 'forbidden') {
            exchange.outcome('notSupport');
            return;
        }
        this.#xml(exchange, 'HttpHostNotificationCap', {
            hostNumber: this.options.slots,
            urlLen: { '@min': 1, '@max': 128 },
            protocolType: { '@opt': 'HTTP,HTTPS,EHome' },
            parameterFormatType: { '@opt': 'XML,JSON' },
            addressingFormatType: { '@opt': 'ipaddress,hostname' },
            hostName: { '@min': 1, '@max': 64 },
            userNameLen: { '@min': 0, '@max': 32 },
            passwordLen: { '@min': 0, '@max': 16 },
            httpAuthenticationMethod: { '@opt': 'none,MD5digest,basic' },
            SubscribeEventCap: { heartbeat: { '@min': 1, '@max': 30 }, eventMode: { '@opt': 'all,list' } },
        });
    }

    async #test(exchange: Exchange): Promise<void> {
        if (this.options.test !== 'answered') {
            exchange.outcome(this.options.test === 'forbidden' ? 'notSupport' : 'deviceError');
            return;
        }
        const sent = xmlOne(exchange.body);
        const target = sent && targetOf({ id: '0', ...sent } as HostSlot);
        const allowed = target !== undefined && mayCall(target.host, this.options.pushHosts);
        const reached = allowed && (await reaches(target.host, target.port));
        this.#xml(exchange, 'HttpHostTestResult', { errorDescription: reached ? 'ok' : 'connect failed' });
    }

    #xml(exchange: Exchange, root: string, content: object): void {
        const { namespace } = this.options;
        exchange.sendXml(xmlDocument(root, content, { namespace, lineEnd: exchange.lineEnd }));
    }
}

/** Devices never show a password again. */
function shown({ password: _secret, ...slot }: HostSlot): object {
    return slot;
}

/** Text and nested elements of a document, without the attributes of its root. */
function withoutAttributes(content: XmlObject): Record<string, unknown> {
    return Object.fromEntries(Object.entries(content).filter(([key]) => !key.startsWith('@')));
}

function xmlOne(body: Buffer): Record<string, unknown> | undefined {
    const sent = readXmlBody(body);
    return sent?.root === 'HttpHostNotification' ? withoutAttributes(sent.content) : undefined;
}

function xmlList(body: Buffer): HostSlot[] | undefined {
    const sent = readXmlBody(body);
    if (sent?.root !== 'HttpHostNotificationList') return undefined;
    const items = [sent.content.HttpHostNotification ?? []].flat();
    return items.map((item) => (typeof item === 'string' ? { id: '' } : (withoutAttributes(item) as HostSlot)));
}

function jsonOne(body: Buffer): Record<string, unknown> | undefined {
    const slot = readJsonBody(body)?.HttpHostNotification;
    return typeof slot === 'object' && slot !== null ? { ...slot } : undefined;
}

function jsonList(body: Buffer): HostSlot[] | undefined {
    const list = readJsonBody(body)?.HttpHostNotificationList;
    if (!Array.isArray(list)) return undefined;
    return list.map((item) => ({
        id: '',
        ...(item as { HttpHostNotification?: object } | null)?.HttpHostNotification,
    }));
}

/** Whether somebody listens there. */
function reaches(host: string, port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = net.connect({ host, port, timeout: 3000 });
        const settle = (reached: boolean) => () => {
            socket.destroy();
            resolve(reached);
        };
        socket.on('connect', settle(true)).on('error', settle(false)).on('timeout', settle(false));
    });
}
