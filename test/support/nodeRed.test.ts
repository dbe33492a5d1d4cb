import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { startNodeRed } from './nodeRed';

const flow = [
    { id: 'tab', type: 'tab', label: 'Test' },
    { id: 'inject', type: 'inject', z: 'tab', x: 100, y: 40, once: true, props: [{ p: 'payload' }], wires: [['say']] },
    {
        id: 'say',
        type: 'function',
        z: 'tab',
        x: 300,
        y: 40,
        func: "node.status({fill: 'green', shape: 'dot', text: env.get('VIGIA_WORD')});\nreturn {payload: {plate: '007'}};",
        wires: [['debug']],
    },
    {
        id: 'debug',
        type: 'debug',
        z: 'tab',
        x: 500,
        y: 40,
        active: true,
        tosidebar: true,
        complete: 'payload',
        wires: [],
    },
];

describe('the Node-RED that tests run', () => {
    it('reports debug messages, statuses and the log, in any language, and leaves nothing behind', async () => {
        const nodeRed = await startNodeRed({
            flows: flow,
            settings: { lang: 'pt-BR', httpAdminRoot: '/admin' },
            env: { VIGIA_WORD: 'portaria' },
        });
        try {
            const first = await nodeRed.until(() => nodeRed.debugMessages('debug')[0], 'a debug message');
            await nodeRed.until(() => nodeRed.statuses.get('say'), 'a status');
            assert.deepEqual(first.value, { plate: '007' });
            assert.equal(nodeRed.statuses.get('say')?.text, 'portaria');
            assert.match(nodeRed.url, /^http:\/\/127\.0\.0\.1:\d+\/admin$/);
            assert.ok(Array.isArray(await nodeRed.adminGet('/flows')));

            await nodeRed.deploy(flow.slice(0, 1));
            assert.equal(((await nodeRed.adminGet('/flows')) as unknown[]).length, 1);
        } finally {
            await nodeRed.close();
        }
        assert.equal(existsSync(nodeRed.userDir), false);
    });

    it('says which types are missing instead of waiting for ever', async () => {
        await assert.rejects(
            startNodeRed({ flows: [{ id: 'x', type: 'no-such-node', z: 'tab', x: 100, y: 40, wires: [] }, flow[0]!] }),
            /no-such-node/,
        );
    });
});
