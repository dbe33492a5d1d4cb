import { readHostCapabilities, readHosts, releaseHost, testHost, writeHost } from '../isapi/httpHosts';
import type { Operations } from './operation';

const SLOT = { type: 'integer', min: 1, max: 8 } as const;
const PATH = '/ISAPI/Event/notification/httpHosts';

export const LISTENING_HOST_OPERATIONS: Operations = {
    httpHostsCapabilities: {
        area: 'listeningHost',
        parameters: {},
        run: async (context) => ({ payload: await readHostCapabilities(context.ask), path: `${PATH}/capabilities` }),
    },
    httpHosts: {
        area: 'listeningHost',
        parameters: {},
        run: async (context) => ({ payload: (await readHosts(context.ask)).hosts, path: PATH }),
    },
    setHttpHost: {
        area: 'listeningHost',
        parameters: {
            slot: SLOT,
            host: { type: 'text', required: true, length: 128 },
            port: { type: 'integer', min: 1, max: 65535, default: 8080 },
            url: { type: 'text', length: 128, default: '/alarm' },
            protocol: { type: 'choice', choices: ['HTTP', 'HTTPS'], default: 'HTTP' },
            format: { type: 'choice', choices: ['XML', 'JSON'], default: 'XML' },
            replace: { type: 'flag', default: false },
        },
        async run(context, values) {
            const wanted = {
                host: values.text('host').trim(),
                port: values.number('port'),
                url: values.text('url'),
                protocol: values.text('protocol') as 'HTTP' | 'HTTPS',
                format: values.text('format') as 'XML' | 'JSON',
            };
            const slot = values.optionalNumber('slot');
            const choice = { replace: values.flag('replace'), ...(slot !== undefined && { slot }) };
            const { host, answer } = await writeHost(context.ask, wanted, choice);
            return { payload: host, answer, path: `${PATH}/${host.id}` };
        },
    },
    testHttpHost: {
        area: 'listeningHost',
        parameters: { slot: { ...SLOT, required: true } },
        async run(context, values) {
            const slot = values.number('slot');
            return { payload: await testHost(context.ask, slot), path: `${PATH}/${slot}/test` };
        },
    },
    releaseHttpHost: {
        area: 'listeningHost',
        parameters: { slot: { ...SLOT, required: true }, url: { type: 'text', length: 128 } },
        async run(context, values) {
            const slot = values.number('slot');
            return {
                payload: await releaseHost(context.ask, slot, values.optionalText('url')),
                path: `${PATH}/${slot}`,
            };
        },
    },
};
