import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { Camera } from '../../simulator/camera';
import { startDemo } from '../../simulator/demo';
import { HttpDevice } from '../../simulator/httpDevice';
import { Nvr } from '../../simulator/nvr';
import { somePlate } from '../../simulator/plates';
import { seededRandom } from '../../simulator/random';
import { doorStory, gateStory, recorderStory, type Story, tell } from '../../simulator/stories';
import { Terminal } from '../../simulator/terminal';
import { ManualClock } from '../support/manualClock';
import { httpReceiver } from './alarmReceiver';
import { count, curl, RawClient, STREAM_REQUEST } from './support';

const FREE = { camera: 0, nvr: 0, terminal: 0 };
const OPEN = { login: { methods: 'none' as const } };

/** What a story puts on the stream of its device within some minutes. */
async function told(
    device: Camera | Nvr | Terminal,
    clock: ManualClock,
    story: () => Story,
    minutes: number,
): Promise<string> {
    await device.listen();
    const client = new RawClient(device.port, STREAM_REQUEST);
    await device.streams.whenOpen();
    const stop = tell(story(), clock);
    clock.advance(minutes * 60_000);
    stop();
    device.streams.beat();
    const pictures = device instanceof Terminal ? '"inactive"' : 'videoloss alarm</eventDescription>';
    const beats = count(client.body, pictures);
    await client.until(({ body }) => count(body, pictures) > beats);
    client.close();
    await device.close();
    assert.equal(clock.pending, 0, 'a stopped story leaves no timer');
    return client.body.toString('latin1');
}

describe('the stories of the simulated devices', () => {
    it('at the gate: motion that ends, crossings and intrusions with pictures, plates', async () => {
        const clock = new ManualClock();
        const camera = new Camera({ ...OPEN, clock, heartbeatSeconds: 0 });
        const text = await told(camera, clock, () => gateStory(camera, 6), 5);
        for (const type of ['VMD', 'linedetection', 'fielddetection', 'ANPR'])
            assert.match(text, new RegExp(`<eventType>${type}<`));
        assert.match(text, /<eventType>VMD<\/eventType>\r\n<eventState>inactive</);
        assert.match(text, /<licensePlate>[A-Z]{3}\d\w\d\d<.*filename="licensePlatePicture\.jpg"/s);
    });

    it('at the recorder: motion on many channels, and nothing that ends', async () => {
        const clock = new ManualClock();
        const nvr = new Nvr({ ...OPEN, clock, heartbeatSeconds: 0 });
        const text = await told(nvr, clock, () => recorderStory(nvr, 6), 5);
        assert.ok(new Set([...text.matchAll(/<dynChannelID>(\d)</g)].map((match) => match[1])).size > 4);
        assert.doesNotMatch(text, /<eventType>VMD<\/eventType>\n<eventState>inactive</);
    });

    it('at the door: people who are known, and some who are not', async () => {
        const clock = new ManualClock();
        const terminal = new Terminal({ ...OPEN, clock, heartbeatSeconds: 0, logSize: 0 });
        const text = await told(terminal, clock, () => doorStory(terminal, 6), 5);
        for (const minor of [21, 22, 23, 24, 75, 76]) assert.match(text, new RegExp(`"subEventType":\t${minor},`));
    });

    it('are the same for the same seed', () => {
        const plates = (seed: number) => Array.from({ length: 5 }, () => somePlate(seededRandom(seed)));
        assert.deepEqual(plates(7), plates(7));
        assert.notDeepEqual(plates(7), plates(8));
    });

    it('go faster on demand', () => {
        const clock = new ManualClock();
        const heard: number[] = [];
        const stop = tell(
            (function* () {
                for (;;) {
                    heard.push(clock.now());
                    yield 10;
                }
            })(),
            clock,
            5,
        );
        clock.advance(20_000);
        stop();
        assert.equal(heard.length, 11);
    });
});

describe('the demo', () => {
    it('starts three devices that post their alarms, and ends without leftovers', async () => {
        const host = await httpReceiver(() => 200);
        const demo = await startDemo({ ports: FREE, alarmUrl: host.url, eventsPerMinute: 6000 });
        for (const device of [demo.camera, demo.nvr, demo.terminal]) {
            const { status } = await curl(`${device.origin}/ISAPI/System/deviceInfo`, 'admin:vigia123');
            assert.equal(status, 200);
        }
        const heard = (wanted: string) => host.bodies.some((body) => body.includes(wanted));
        while (!['<dynChannelID>', '<channelID>', 'AccessControllerEvent'].every(heard)) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await demo.close();
        await host.close();
    });

    it('leaves nothing running when one of its ports is taken', async () => {
        const occupier = await new HttpDevice().listen();
        const refused = startDemo({ ports: { ...FREE, terminal: occupier.port } });
        await assert.rejects(refused, (error: unknown) => error instanceof Fault && error.code === 'PORT_IN_USE');
        await occupier.close();
    });
});
