import type { XmlObject } from '../protocols/documents/readXml';
import { readXmlBody } from './bodies';
import type { Exchange } from './exchange';
import type { Handler } from './routes';

type Trigger = Record<string, unknown> & { id: string };

const BASE = '/ISAPI/Event/triggers';

/**
 * One entry of `/Event/triggers`: events reach clients only when `center` is among the methods
 * (vendor's alarm-listening article).
 *
 * @param channelKey `videoInputChannelID` on cameras, `dynVideoInputChannelID` on recorders
 */
export function eventTrigger(type: string, channelKey: string, channel: number, methods: string[]): Trigger {
    return {
        id: `${type === 'tamperdetection' ? 'tamper' : type}-${channel}`,
        eventType: type,
        eventDescription: `${type} Event trigger Information`,
        [channelKey]: channel,
        EventTriggerNotificationList: {
            EventTriggerNotification: methods.map((method) => ({
                id: method === 'record' ? `record-${channel}` : method,
                notificationMethod: method,
                notificationRecurrence: 'beginning',
            })),
        },
    };
}

/** What a device does about its events; read as a list or one by one, put back one by one. */
export class EventTriggers {
    readonly #triggers: Trigger[];

    constructor(
        triggers: Trigger[],
        readonly namespace: string,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        this.#triggers = triggers;
        route('GET', BASE, (exchange) =>
            exchange.xml('EventTriggerList', { EventTrigger: this.#triggers }, this.namespace),
        );
        route('GET', `${BASE}/{id}`, (exchange) => this.#one(exchange));
        route('PUT', `${BASE}/{id}`, (exchange) => this.#put(exchange));
    }

    #one(exchange: Exchange): void {
        const trigger = this.#triggers.find(({ id }) => id === exchange.params.id);
        if (trigger === undefined) exchange.outcome('notSupport');
        else exchange.xml('EventTrigger', trigger, this.namespace);
    }

    #put(exchange: Exchange): void {
        const sent = readXmlBody(exchange.body);
        const place = this.#triggers.findIndex(({ id }) => id === exchange.params.id);
        if (sent === undefined) exchange.outcome('badFormat');
        else if (sent.root !== 'EventTrigger' || place < 0) exchange.outcome('badContent');
        else {
            this.#triggers[place] = { ...withoutNamespace(sent.content), id: exchange.params.id! };
            exchange.outcome('ok');
        }
    }
}

function withoutNamespace(content: XmlObject): Record<string, unknown> {
    const { '@xmlns': _namespace, '@version': _version, ...rest } = content;
    return rest;
}
