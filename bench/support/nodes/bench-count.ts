import type { Node, NodeAPI, NodeDef } from 'node-red';
import { type Measurement, startMeter } from '../measure';

/** Counts messages and reports, as the debug sidebar would, what they cost from the first to the last expected one. */
export = (RED: NodeAPI): void => {
    function BenchCountNode(this: Node, config: NodeDef & { expected: number }) {
        RED.nodes.createNode(this, config);
        let meter: (() => Measurement) | undefined;
        let count = 0;
        this.on('input', (_message, _send, done) => {
            meter ??= startMeter();
            count += 1;
            if (count === config.expected) {
                const data = { id: this.id, format: 'Object', msg: JSON.stringify(meter()) };
                process.send?.({ about: 'debug', data });
            }
            done();
        });
    }
    RED.nodes.registerType('bench-count', BenchCountNode);
};
