import { compact, listAt, numberAt, textAt } from '../documents/fields';
import { readAnswer } from '../isapi/answer';
import { pause } from '../pause';
import type { Context, Operations, Parameters, Result, Values } from './operation';

const PORT = { port: { type: 'integer', min: 1, max: 9999, default: 1 } } as const satisfies Parameters;

const readStatus = (answer: unknown) => {
    const [status] = listAt(answer, 'IOPortStatus');
    const state = textAt(status, 'ioState');
    return compact({
        port: numberAt(status, 'ioPortID'),
        type: textAt(status, 'ioPortType'),
        state,
        active: state === undefined ? undefined : state.toLowerCase() === 'active' || state.toLowerCase() === 'high',
    });
};

export const IO_OPERATIONS: Operations = {
    ioInputs: {
        area: 'io',
        parameters: {},
        path: '/ISAPI/System/IO/inputs',
        read: (answer) => listAt(answer, 'IOInputPortList/IOInputPort'),
    },
    ioInputStatus: { area: 'io', parameters: PORT, path: '/ISAPI/System/IO/inputs/{port}/status', read: readStatus },
    ioOutputs: {
        area: 'io',
        parameters: {},
        path: '/ISAPI/System/IO/outputs',
        read: (answer) => listAt(answer, 'IOOutputPortList/IOOutputPort'),
    },
    ioOutputStatus: { area: 'io', parameters: PORT, path: '/ISAPI/System/IO/outputs/{port}/status', read: readStatus },
    ioOutput: {
        area: 'io',
        physical: true,
        parameters: { ...PORT, state: { type: 'choice', choices: ['high', 'low'], default: 'high' } },
        method: 'PUT',
        path: '/ISAPI/System/IO/outputs/{port}/trigger',
        body: (values) => outputDocument(values.text('state')),
    },
    ioOutputPulse: {
        area: 'io',
        physical: true,
        parameters: { ...PORT, duration: { type: 'integer', min: 50, max: 60_000, default: 1000 } },
        run: pulse,
    },
};

function outputDocument(outputState: string): object {
    return { IOPortData: { outputState } };
}

/** On, and off again after a while, also when the node is closed meanwhile. Each of the two is sent once only. */
async function pulse(context: Context, values: Values): Promise<Result> {
    const path = `/ISAPI/System/IO/outputs/${values.number('port')}/trigger`;
    const request = { method: 'PUT', path, physical: true };
    await context.ask({ ...request, body: outputDocument('high') });
    await pause(context.clock, values.number('duration'), context.signal);
    const answer = await context.ask({ ...request, body: outputDocument('low'), signal: undefined });
    return { payload: readAnswer(answer, 'auto'), answer, path };
}
