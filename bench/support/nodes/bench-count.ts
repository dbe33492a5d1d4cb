import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { type Measurement, processFigures, startMeter } from '../measure';

/** What the admin API answers at `/bench/count`. */
export interface Counted {
    messages: number;
    /** Bytes of all pictures in them. */
    pictureBytes: number;
}

/**
 * Counts messages and reports, as the debug sidebar would, what they cost from the first, or from the one after
 * `warmUp`, to the last expected one. The
 * admin API tells what Node-RED's process costs: `/bench/figures`, and after a collection `/bench/figures?collected`.
 */
export = (RED: NodeAPI): void => {
    const counted: Counted = { messages: 0, pictureBytes: 0 };

    function BenchCountNode(this: Node, config: NodeDef & { expected: number; warmUp?: number }) {
        RED.nodes.createNode(this, config);
        let meter: (() => Measurement) | undefined;
        let count = 0;
        this.on('input', (message: NodeMessage & { pictures?: { data: Buffer }[] }, _send, done) => {
            count += 1;
            if (count > (config.warmUp ?? 0)) meter ??= startMeter();
            counted.messages += 1;
            for (const { data } of message.pictures ?? []) counted.pictureBytes += data.length;
            if (count === config.expected && meter !== undefined) {
                const data = { id: this.id, format: 'Object', msg: JSON.stringify(meter()) };
                process.send?.({ about: 'debug', data });
            }
            done();
        });
    }
    RED.nodes.registerType('bench-count', BenchCountNode);
    RED.httpAdmin.get('/bench/figures', (request, response) => {
        response.json(processFigures('collected' in request.query));
    });
    RED.httpAdmin.get('/bench/count', (_request, response) => {
        response.json(counted);
    });
};
