import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeWav } from '../../protocols/audio/wav';
import { Camera } from '../../simulator/camera';
import { DoorStation } from '../../simulator/doorStation';
import { Nvr } from '../../simulator/nvr';
import { anprPayload } from '../../simulator/plates';
import { seededRandom } from '../../simulator/random';
import { Terminal } from '../../simulator/terminal';
import { Example } from '../support/example';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { soon } from '../support/soon';

const LOGIN = { username: 'admin', password: 'vigia123' };
const HOUR = 3_600_000;

for (const runtime of RUNTIMES) {
    describe(`the examples for everyday jobs, imported and filled in, in ${runtime.name}`, {
        skip: runtime.skip,
    }, () => {
        const camera = new Camera({ login: LOGIN, offset: 0 });
        const recorder = new Nvr({ login: LOGIN, channelNames: ['Portão', 'Garagem'], deadChannels: [2] });
        const terminal = new Terminal({ login: LOGIN, offset: 0, replays: false, logSize: 0 });
        const station = new DoorStation({
            login: LOGIN,
            replays: false,
            audio: { microphone: Buffer.alloc(80_000, 0xff) },
        });
        const devices = [camera, recorder, terminal, station];
        let nodeRed: RunningNodeRed;
        let examples: Example[];
        let board: Example;
        let barrier: Example;
        let doorbell: Example;
        let people: Example;
        let messages: Example;
        let gaps: Example;

        const shown = (example: Example, debug: string) => nodeRed.debugMessages(example.idOf('debug', debug));
        const press = (example: Example, button: string) =>
            nodeRed.adminPost(`/inject/${example.idOf('inject', button)}`, {});
        const written = (file: string) => {
            const path = join(nodeRed.userDir, file);
            return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
        };
        const random = seededRandom(1);
        const drive = (plate: string) => {
            const payload = anprPayload(plate, random) as { ANPR: { direction: string } };
            payload.ANPR.direction = 'forward';
            camera.emit({ type: 'ANPR', payload });
        };
        const isOnline = (example: Example) =>
            nodeRed.statuses.get(example.idOf('isapi-alertstream'))?.fill === 'green';

        before(async () => {
            for (const device of devices) await device.listen();
            const at = (port: number) => ({ host: '127.0.0.1', port });
            board = new Example('Online-offline board', {
                'device-config:camera': at(camera.port),
                'device-config:recorder': at(recorder.port),
                inject: { onceDelay: 0.5 },
            });
            barrier = new Example('Plates that open a barrier', {
                'device-config': at(camera.port),
                'inject:allowed plates': { payload: JSON.stringify({ ABC1D23: 'Maria', 京A·12345: '王伟' }) },
            });
            doorbell = new Example('Doorbell with snapshot and two-way talk', { 'device-config': at(station.port) });
            people = new Example('People counting per hour', {
                'device-config': at(camera.port),
                inject: { repeat: '' },
                'isapi-alertstream': { replay: 'all' },
            });
            messages = new Example('Alarm messages for Telegram and e-mail', { 'device-config': at(camera.port) });
            gaps = new Example('Gap report', { 'device-config': at(terminal.port) });
            examples = [board, barrier, doorbell, people, messages, gaps];
            const flows = examples.flatMap(({ nodes }) => nodes);
            const credentials = Object.assign({}, ...examples.map((example) => example.credentials(LOGIN)));
            nodeRed = await startNodeRed({ ...runtime.options, flows, credentials, env: { TZ: 'UTC' } });
            const welcome = join(nodeRed.userDir, 'welcome.wav');
            writeFileSync(welcome, writeWav(new Int16Array(1600), 8000));
            doorbell.find('isapi-request', 'welcome').params = { file: { type: 'str', value: welcome } };
            await nodeRed.deploy(flows);
            await nodeRed.until(() => examples.every(isOnline), 'every stream');
        });

        after(async () => {
            await nodeRed?.close();
            for (const device of devices) await device.close();
        });

        it('show who is online on a board, the cameras behind a recorder too', async () => {
            const page = await soon(async () => {
                const answer = await fetch(`${nodeRed.url}/board`);
                const text = await answer.text();
                return text.includes('recorder, camera 2') && text;
            }, 'the board');
            assert.match(page, /camera<\/td><td class="online"/);
            assert.match(page, /recorder, camera 1<\/td><td class="online"/);
            assert.match(page, /recorder, camera 2<\/td><td class="offline"/);
            assert.equal(nodeRed.statuses.get(board.idOf('function', 'remember'))?.text, '3 of 4 online');
            const changes = () => shown(board, 'changes').filter(({ topic }) => topic === 'camera').length;
            const before = changes();
            const streams = camera.streams.size;
            camera.dropStreams();
            await nodeRed.until(() => changes() >= before + 2, 'the camera to go and to come');
            await soon(() => camera.streams.size === streams, 'the other streams of the camera');
        });

        it('open the barrier for a plate on the list, and say why it stays closed for others', async () => {
            drive('XYZ9Z99');
            drive('ABC1D23');
            await nodeRed.until(() => shown(barrier, 'opened')[0], 'the barrier to open');
            drive('ABC1D23');
            await nodeRed.until(() => shown(barrier, 'stays closed').length === 2, 'two that stay outside');
            const [opened] = shown(barrier, 'opened').map(({ value }) => value as Record<string, string>);
            assert.deepEqual([opened!.plate, opened!.name], ['ABC1D23', 'Maria']);
            assert.deepEqual(
                shown(barrier, 'stays closed').map(({ value }) => (value as { reason: string }).reason),
                ['not on the list', 'opened a moment ago'],
            );
            const pulses = camera.requests.filter(({ url, method }) => method === 'PUT' && url.endsWith('/1/trigger'));
            assert.equal(pulses.filter(({ status }) => status === 200).length, 2, 'on and off, once');
            assert.equal(camera.io.outputs[0], 'low');
        });

        it('keep the barrier closed for a car of another province with the same number', async () => {
            const [opened, closed] = [shown(barrier, 'opened').length, shown(barrier, 'stays closed').length];
            drive('沪A12345');
            const stranger = await nodeRed.until(() => shown(barrier, 'stays closed')[closed], 'the stranger');
            assert.equal((stranger.value as { reason: string }).reason, 'not on the list');
            drive('京A12345');
            const known = await nodeRed.until(() => shown(barrier, 'opened')[opened], 'the barrier to open');
            assert.equal((known.value as { name: string }).name, '王伟');
        });

        it('take the picture of a visitor, answer, say welcome and hang up; listen and open by hand', async () => {
            station.ring();
            await nodeRed.until(() => shown(doorbell, 'done')[0], 'the call to be over');
            assert.deepEqual(station.intercom.signals, ['answer', 'hangUp']);
            assert.equal(Buffer.concat(station.audio.heard).length, 1600);
            await soon(() => written('visitor.jpg').subarray(0, 2).toString('hex') === 'ffd8', 'the picture');
            await press(doorbell, 'listen');
            await soon(() => written('visitor.wav').subarray(0, 4).toString() === 'RIFF', 'what the visitor said');
            await press(doorbell, 'open the door');
            await nodeRed.until(() => shown(doorbell, 'answer')[0], 'the door');
            assert.equal(station.doors.isUnlocked(1), true);
        });

        it('count people by the hour, across midnight and from the totals of the day', async () => {
            const midnight = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - 24 * HOUR;
            const count = (at: number, enter: number, exit: number) =>
                camera.emit({
                    type: 'PeopleCounting',
                    at,
                    payload: { peopleCounting: { statisticalMethods: 'realTime', enter, exit } },
                });
            count(midnight - HOUR + 60_000, 70, 60);
            count(midnight - HOUR + 120_000, 75, 68);
            count(midnight + 60_000, 2, 1);
            count(midnight + 120_000, 6, 1);
            count(midnight + HOUR + 60_000, 6, 1);
            await nodeRed.until(() => shown(people, 'an hour').length === 2, 'two hours');
            const hours = shown(people, 'an hour').map(({ value }) => value as Record<string, unknown>);
            assert.deepEqual(
                hours.map((row) => [row.in, row.out]),
                [
                    [5, 8],
                    [6, 1],
                ],
            );
            const day = new Date(midnight).toISOString().slice(0, 10);
            const lines = await soon(() => {
                const all = written('people-per-hour.csv').toString().trim().split('\n');
                return all.length === 3 && all;
            }, 'the file');
            assert.equal(lines[0], 'hour,counter,in,out');
            assert.equal(lines[2], `${day} 00,camera/1,6,1`.replace('camera/1', String(hours[1]!.counter)));
        });

        it('shape an alarm for Telegram and for e-mail, one a minute', async () => {
            camera.emit({ type: 'linedetection', pictures: true });
            camera.emit({ type: 'linedetection', state: 'inactive' });
            camera.emit({ type: 'linedetection', pictures: true });
            const telegram = await nodeRed.until(() => shown(messages, 'telegram')[0], 'a message');
            const { type, caption, chatId } = telegram.value as Record<string, string>;
            assert.deepEqual([type, chatId], ['photo', '0']);
            assert.match(caption!, /line-crossing\n\d{4}-/);
            const mail = (await nodeRed.until(() => shown(messages, 'e-mail')[0], 'an e-mail')).value as {
                to: string;
                topic: string;
                attachments: { filename: string; contentType: string }[];
            };
            assert.equal(mail.to, 'guard@example.com');
            assert.match(mail.topic, /line-crossing$/);
            assert.match(mail.attachments[0]!.filename, /^[^/\\:*?"<>|]+\.jpg$/);
            assert.equal(shown(messages, 'telegram').length, 1);
        });

        it('report which events never arrived, and which the log itself lacks', async () => {
            terminal.admit();
            terminal.log.skip(3);
            // Written while nobody could be told.
            const lost = terminal.log.add({ major: 5, minor: 75, at: Date.now(), employee: '1766', name: 'ANA' });
            terminal.admit();
            const report = await soon(async () => {
                const before = shown(gaps, 'report').length;
                await press(gaps, 'today so far');
                await nodeRed.until(() => shown(gaps, 'report').length > before, 'the report');
                const newest = shown(gaps, 'report').at(-1)!.value as Record<string, unknown>;
                return Number(newest.arrived) >= 4 && newest;
            }, 'the events to have arrived');
            const { missed, missedNumbers, lacking, lackingNumbers } = report;
            assert.deepEqual([missed, missedNumbers], [1, String(lost.serial)]);
            assert.deepEqual([lacking, lackingNumbers], [3, `${lost.serial - 3}-${lost.serial - 1}`]);
            await soon(() => written('gap-report.csv').includes('lackingNumbers'), 'the file');
            assert.ok(shown(gaps, 'missed').length > 0);
        });

        it('do all this without an error', () => {
            for (const example of examples) assert.deepEqual(shown(example, 'errors'), [], example.name);
        });
    });
}
