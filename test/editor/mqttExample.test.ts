import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { anprPayload } from '../../simulator/plates';
import { seededRandom } from '../../simulator/random';
import { Broker } from '../support/broker';
import { Example } from '../support/example';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { soon } from '../support/soon';

const LOGIN = { username: 'admin', password: 'vigia123' };

for (const runtime of RUNTIMES) {
    describe(`the events for Home Assistant in ${runtime.name}`, { skip: runtime.skip }, () => {
        const camera = new Camera({ login: LOGIN });
        const broker = new Broker();
        let example: Example;
        let nodeRed: RunningNodeRed;

        /** What Home Assistant was told, once it was. */
        const told = async (topic: string) =>
            JSON.parse(await soon(() => broker.retained(topic), topic)) as Record<string, unknown>;

        before(async () => {
            await camera.listen();
            example = new Example('Events to MQTT and Home Assistant discovery', {
                'device-config': { host: '127.0.0.1', port: camera.port, name: 'portaria' },
                'mqtt-broker': { broker: '127.0.0.1', port: await broker.listen() },
            });
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: example.nodes,
                credentials: example.credentials(LOGIN),
            });
        });
        after(async () => {
            await nodeRed?.close();
            await camera.close();
            broker.close();
        });

        it('say whether the device can be reached', async () => {
            await soon(() => broker.retained('cctv/portaria/connection') === 'online', 'online');
        });

        it('make a binary sensor of what lasts, and an image of its picture', async () => {
            camera.emit({ type: 'linedetection', pictures: true });
            const sensor = await told('homeassistant/binary_sensor/vigia-portaria-1-line-crossing/config');
            assert.equal(sensor.device_class, 'motion');
            assert.equal(sensor.availability_topic, 'cctv/portaria/connection');
            assert.equal(sensor.payload_on, 'active');
            const state = await told(sensor.state_topic as string);
            assert.deepEqual([state.kind, state.state], ['line-crossing', 'active']);
            const image = await told('homeassistant/image/vigia-portaria-1-picture/config');
            const picture = await soon(
                () => broker.published.find(({ topic }) => topic === image.image_topic)?.payload as Buffer,
                'the picture',
            );
            assert.equal(picture.subarray(0, 2).toString('hex'), 'ffd8');
            camera.emit({ type: 'linedetection', state: 'inactive' });
            await soon(() => /"state":"inactive"/.test(broker.retained(sensor.state_topic as string) ?? ''), 'the end');
        });

        it('make an event of what happens once, which the broker does not keep', async () => {
            const payload = anprPayload('ABC1D23', seededRandom(1));
            camera.emit({ type: 'ANPR', payload });
            const event = await told('homeassistant/event/vigia-portaria-1-plate/config');
            assert.deepEqual(event.event_types, ['plate']);
            const [passed] = await soon(() => {
                const all = broker.passing(event.state_topic as string);
                return all.length > 0 && all;
            }, 'the plate');
            const { event_type: type, plate } = JSON.parse(passed!) as {
                event_type: string;
                plate: { number: string };
            };
            assert.deepEqual([type, plate.number], ['plate', 'ABC1D23']);
            assert.equal(broker.retained(event.state_topic as string), undefined);
        });

        it('tell how to find a thing once only', async () => {
            camera.emit({ type: 'linedetection' });
            await soon(() => broker.retained('cctv/portaria/1/line-crossing')?.includes('active'), 'the event');
            const configs = broker.published.map(({ topic }) => topic).filter((topic) => topic.endsWith('/config'));
            assert.equal(new Set(configs).size, configs.length);
            assert.deepEqual(nodeRed.debugMessages(example.idOf('debug', 'errors')), []);
        });
    });
}
