import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { RUNTIMES } from '../support/matrix';
import { startNodeRed } from '../support/nodeRed';
import { alertStream, counter, debug, device, flowNode, LOGIN, TAB } from './flow';

interface EventMessage {
    topic: string;
    payload: Record<string, unknown> & { device: Record<string, unknown> };
    pictures: { contentType: string; filename: string; data: unknown }[];
    raw: { format: string; text: string };
}

interface ChangeMessage {
    payload: { state: string; reason?: string; unlockAt?: string; triesLeft?: number };
}

const MANY = 5000;

/** Each a second after the one before, as occurrences of their own. */
function emitMany(camera: Camera, count: number): void {
    const start = camera.clock.now() - 60_000;
    for (let index = 0; index < count; index += 1) {
        camera.emit({
            type: 'IO',
            at: start + index,
            payload: { inputIOPortID: (index % 8) + 1, UUID: `io-${index}` },
        });
    }
}

for (const runtime of RUNTIMES) {
    describe(`isapi-alertstream in ${runtime.name}`, { skip: runtime.skip }, () => {
        it('brings a camera’s events with their pictures, over a digest login', async () => {
            const camera = await new Camera({ login: { ...LOGIN } }).listen();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, device(camera.port), alertStream(), debug('events'), debug('changes')],
                credentials: { device: LOGIN },
            });
            try {
                await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'a green status');
                camera.emit({ type: 'linedetection', target: 'human', pictures: true });
                const seen = await nodeRed.until(() => nodeRed.debugMessages('events')[0], 'an event');
                const { topic, payload, pictures, raw } = seen.value as EventMessage;
                assert.equal(topic, 'gate/1/line-crossing');
                assert.equal(payload.kind, 'line-crossing');
                assert.equal(payload.type, 'linedetection');
                assert.equal(payload.via, 'alertstream');
                assert.equal(payload.vendor, 'hikvision');
                assert.equal(payload.state, 'active');
                assert.equal(payload.channel, 1);
                assert.equal(payload.replay, false);
                assert.equal(payload.device.name, 'gate');
                assert.equal(pictures.length, 1);
                assert.equal(pictures[0]?.contentType, 'image/jpeg');
                assert.equal(raw.format, 'xml');
                assert.match(raw.text, /<eventType>linedetection/);
                const states = nodeRed
                    .debugMessages('changes')
                    .map(({ value }) => (value as ChangeMessage).payload.state);
                assert.deepEqual(states, ['connecting', 'online']);
            } finally {
                await nodeRed.close();
                await camera.close();
            }
        });

        it('subscribes to what it wants, and falls back to the plain stream of a device without subscriptions', async () => {
            for (const subscribe of [true, false]) {
                const camera = await new Camera({ login: { ...LOGIN }, subscribe }).listen();
                const stream = alertStream({ mode: 'subscribe', kinds: ['motion'], heartbeats: true });
                const nodeRed = await startNodeRed({
                    ...runtime.options,
                    flows: [TAB, device(camera.port), stream, debug('events'), debug('changes')],
                    credentials: { device: LOGIN },
                });
                try {
                    await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'a green status');
                    const [open] = [...camera.streams];
                    assert.deepEqual([open?.wants('VMD'), open?.wants('linedetection')], [true, !subscribe]);
                    camera.streams.beat();
                    camera.emit({ type: 'linedetection' });
                    camera.emit({ type: 'VMD' });
                    await nodeRed.until(() => nodeRed.debugMessages('events')[1], 'heartbeat and event');
                    const [heartbeat, event] = nodeRed
                        .debugMessages('events')
                        .map(({ value }) => (value as EventMessage).payload);
                    assert.equal(heartbeat?.kind, 'heartbeat');
                    assert.equal(event?.kind, 'motion');
                    assert.equal(event?.via, subscribe ? 'subscribe' : 'alertstream');
                } finally {
                    await nodeRed.close();
                    await camera.close();
                }
            }
        });

        it(`loses none of ${MANY} events`, async () => {
            const camera = await new Camera({ login: { ...LOGIN } }).listen();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    TAB,
                    device(camera.port),
                    alertStream({ repeat: 'all', wires: [['count'], []] }),
                    counter('count', MANY, 'counted'),
                    debug('counted'),
                ],
                credentials: { device: LOGIN },
            });
            try {
                await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'a green status');
                emitMany(camera, MANY);
                const done = await nodeRed.until(() => nodeRed.debugMessages('counted')[0], `${MANY} messages`);
                assert.equal((done.value as { payload: number }).payload, MANY);
                assert.equal(nodeRed.debugMessages('counted').length, 1, 'none twice');
            } finally {
                await nodeRed.close();
                await camera.close();
            }
        });

        it('opens one stream for two nodes, and leaves no socket after the last is gone', async () => {
            const camera = await new Camera({ login: { ...LOGIN } }).listen();
            const second = alertStream({ id: 'second', wires: [['events'], []] });
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, device(camera.port), alertStream(), second, debug('events'), debug('changes')],
                credentials: { device: LOGIN },
            });
            try {
                for (const id of ['stream', 'second']) {
                    await nodeRed.until(() => nodeRed.statuses.get(id)?.fill === 'green', 'a green status');
                }
                const opened = camera.requests.filter(
                    ({ url, status }) => url.includes('alertStream') && status === 200,
                );
                assert.equal(opened.length, 1);
                camera.emit({ type: 'VMD' });
                await nodeRed.until(() => nodeRed.debugMessages('events').length === 2, 'the event from both nodes');
                await nodeRed.deploy([TAB, device(camera.port)]);
                await nodeRed.until(() => camera.openConnections === 0 || undefined, 'the sockets to go', 10_000);
            } finally {
                await nodeRed.close();
                await camera.close();
            }
        });

        it('tries a wrong password once, says so, and keeps every secret', async () => {
            const camera = await new Camera({ login: { ...LOGIN, password: 'Another-1' } }).listen();
            const second = alertStream({ id: 'second', wires: [['events'], []] });
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, device(camera.port), alertStream(), second, debug('events'), debug('changes')],
                credentials: { device: LOGIN },
            });
            try {
                const locked = await nodeRed.until(
                    () =>
                        nodeRed
                            .debugMessages('changes')
                            .find(({ value }) => (value as ChangeMessage).payload.state === 'locked'),
                    'the state locked',
                );
                const { payload } = locked.value as ChangeMessage;
                assert.match(payload.reason!, /wrong/);
                assert.ok(Date.parse(payload.unlockAt!) > Date.now(), 'says when the next attempt is');
                await nodeRed.deploy([TAB, device(camera.port), alertStream(), second, debug('events')], 'nodes');
                await new Promise((resolve) => setTimeout(resolve, 500));
                assert.equal(camera.logins.attempts, 1, 'attempts with credentials');
                const flows = JSON.stringify(await nodeRed.adminGet('/flows'));
                const produced = [flows, JSON.stringify(nodeRed.debugMessages()), ...nodeRed.logs].join('\n');
                assert.ok(!produced.includes(LOGIN.password), 'the password appears nowhere');
            } finally {
                await nodeRed.close();
                await camera.close();
            }
        });

        it('comes back by itself after the device was away', async () => {
            const camera = await new Camera({ login: { ...LOGIN } }).listen();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, device(camera.port), alertStream(), debug('events'), debug('changes')],
                credentials: { device: LOGIN },
            });
            const state = () =>
                (nodeRed.debugMessages('changes').at(-1)?.value as ChangeMessage | undefined)?.payload.state;
            try {
                await nodeRed.until(() => state() === 'online', 'the stream');
                await camera.close();
                await nodeRed.until(() => state() === 'offline', 'the loss to be noticed');
                await camera.listen();
                await nodeRed.until(() => state() === 'online', 'the stream again');
                camera.emit({ type: 'VMD' });
                await nodeRed.until(() => nodeRed.debugMessages('events')[0], 'an event');
            } finally {
                await nodeRed.close();
                await camera.close();
            }
        });

        it('explains what is wrong with its configuration and lets the other flows run', async () => {
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    TAB,
                    { id: 'device', type: 'device-config', name: 'gate', host: '', version: 1 },
                    alertStream(),
                    alertStream({ id: 'nobody', device: '', wires: [[], []] }),
                    alertStream({ id: 'odd', watchdog: 'soon', wires: [[], []] }),
                    flowNode('inject', 'inject', {
                        once: true,
                        payload: 'runs',
                        payloadType: 'str',
                        wires: [['events']],
                    }),
                    debug('events'),
                    debug('changes'),
                ],
            });
            try {
                await nodeRed.until(() => nodeRed.debugMessages('events')[0], 'the other flow');
                const log = nodeRed.logs.join('\n');
                assert.match(log, /device-config:gate\] The device has no host/);
                assert.match(log, /No device is chosen/);
                assert.match(log, /“Watchdog \(s\)” is not usable: “soon” is not a number/);
                for (const id of ['stream', 'nobody', 'odd']) assert.equal(nodeRed.statuses.get(id)?.fill, 'red');
            } finally {
                await nodeRed.close();
            }
        });
    });
}
