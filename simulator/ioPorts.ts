import { readXmlBody } from './bodies';
import type { Exchange } from './exchange';
import type { Handler } from './routes';

/** The alarm inputs and outputs of a device; `PUT …/trigger` switches an output, and its status tells so. */
export class IoPorts {
    readonly #outputs: ('high' | 'low')[];

    constructor(
        readonly inputs: number,
        outputs: number,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        this.#outputs = Array.from({ length: outputs }, () => 'low');
        const base = '/ISAPI/System/IO';
        route('GET', `${base}/inputs`, (exchange) => this.#list(exchange, 'IOInputPort', inputs));
        route('GET', `${base}/outputs`, (exchange) => this.#list(exchange, 'IOOutputPort', outputs));
        route('GET', `${base}/inputs/{id}/status`, (exchange) => this.#status(exchange, 'input', inputs));
        route('GET', `${base}/outputs/{id}/status`, (exchange) => this.#status(exchange, 'output', outputs));
        route('PUT', `${base}/outputs/{id}/trigger`, (exchange) => this.#trigger(exchange));
    }

    /** Of each output, in order. */
    get outputs(): readonly ('high' | 'low')[] {
        return this.#outputs;
    }

    #list(exchange: Exchange, element: string, count: number): void {
        const ports = Array.from({ length: count }, (_none, index) => ({ id: index + 1, triggering: 'high' }));
        exchange.xml(`${element}List`, { [element]: ports });
    }

    #status(exchange: Exchange, type: 'input' | 'output', count: number): void {
        const id = Number(exchange.params.id);
        if (!(id >= 1 && id <= count)) {
            exchange.outcome('notSupport');
            return;
        }
        const active = type === 'output' && this.#outputs[id - 1] === 'high';
        exchange.xml('IOPortStatus', { ioPortID: id, ioPortType: type, ioState: active ? 'active' : 'inactive' });
    }

    #trigger(exchange: Exchange): void {
        const id = Number(exchange.params.id);
        const state = readXmlBody(exchange.body)?.content.outputState;
        if (this.#outputs[id - 1] === undefined) exchange.outcome('badParameters');
        else if (state !== 'high' && state !== 'low') exchange.outcome('badContent');
        else {
            this.#outputs[id - 1] = state;
            exchange.outcome('ok');
        }
    }
}
