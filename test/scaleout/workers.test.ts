import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { IsupDevice } from '../../simulator/isupDevice';
import { STANDARD_PUSH } from '../../simulator/push/pushBody';
import { Pusher, type PushResult } from '../../simulator/push/pusher';
import { missing, pause, until } from './support/process';
import { KEY, PROXY, type Published, Stage, type WorkerName } from './support/stage';

interface PresenceRow {
    deviceId: string;
    state: string;
    worker: string;
    address: string;
    reason?: string;
}

const DEVICES = 8;
const TERMINALS = 6;
const ROWS = 40;

/** A terminal that posts over TLS and keeps what was not answered 200. */
function terminal(number: number, port: number): Pusher {
    const login = { authentication: 'none' as const, username: '', password: '' };
    const target = { protocol: 'https' as const, host: PROXY, port, path: '/alarm', format: 'JSON' as const, ...login };
    return new Pusher({
        target: { ...target, resend: true, heartbeat: 0 },
        style: STANDARD_PUSH,
        retry: 'queue',
        interval: 100,
        pushHosts: [],
        from: `127.0.2.${number + 1}`,
    });
}

/** A row of its log; it names no address, so that the event holds the one that it came from. */
function row(number: number, serialNo: number) {
    const event = {
        macAddress: `00:00:5e:00:54:${String(number).padStart(2, '0')}`,
        channelID: 1,
        dateTime: new Date().toISOString().replace(/\.\d+Z$/, '+00:00'),
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: { deviceName: `T${number}`, majorEventType: 5, subEventType: 75, serialNo },
    };
    return { contentType: 'application/json', body: Buffer.from(JSON.stringify(event)), query: '', cutAt: undefined };
}

describe('two workers behind HAProxy with one Mosquitto, as docs/scale-out.md sets them up', { skip: missing }, () => {
    const stage = new Stage();
    const devices: IsupDevice[] = [];
    const terminals: Pusher[] = [];
    const logged: number[] = [];
    let heard: () => Published[];

    const onTopic = (topic: string) => heard().filter((one) => one.topic === topic);
    const presence = (id: string) => onTopic(`cctv/presence/${id}`).at(-1)?.payload as PresenceRow | undefined;
    const events = () => heard().filter(({ topic }) => topic.startsWith('cctv/events/'));
    const serialsOf = (name: string) => {
        const own = events().filter(({ topic }) => topic.startsWith(`cctv/events/${name}/`));
        return own.map(({ payload }) => (payload as { access: { serial: number } }).access.serial);
    };
    const serials = (number: number) => serialsOf(`T${number}`);
    const tell = () =>
        [...stage.workers].map(([name, { logs }]) => `${name}: ${logs.slice(-15).join('\n')}`).join('\n');
    const at = (name: WorkerName) => devices.filter((_device, number) => presence(`D${number}`)?.worker === name);

    const device = (deviceId: string, from: string) => {
        const one = new IsupDevice({
            host: PROXY,
            port: stage.ports.isup,
            deviceId,
            shortSerial: `Q${deviceId}`,
            key: KEY,
            from,
            reconnect: 300,
        });
        devices.push(one);
        return one;
    };

    before(async () => {
        await stage.start();
        heard = await stage.subscribe('cctv/#', 'homeassistant/#');
        for (let number = 0; number < TERMINALS; number += 1) terminals.push(terminal(number, stage.ports.https));
        // Whatever a worker says before the proxy has seen that it is there is not of interest.
        await until(() => stage.workers.size === 2, 'both workers');
    });

    after(async () => {
        for (const one of devices) one.destroy();
        await Promise.all(terminals.map((one) => one.close()));
        await stage.close();
    });

    it('share the devices, each whole at one worker, and the broker knows where', async () => {
        for (let number = 0; number < DEVICES; number += 1) {
            assert.equal(await device(`D${number}`, `127.0.1.${number + 1}`).start(), 'online');
        }
        for (let number = 0; number < DEVICES; number += 1) {
            const said = await until(() => presence(`D${number}`), `presence of D${number}`, tell);
            assert.equal(said.state, 'online');
            assert.equal(said.address, `127.0.1.${number + 1}`, 'its own address, not that of the proxy');
        }
        assert.ok(at('a').length > 0 && at('b').length > 0, 'both have work');
    });

    it('let Home Assistant find each device, now and later', async () => {
        const late = await stage.subscribe('homeassistant/#', 'cctv/presence/+');
        const discovery = await until(
            () => late().find(({ topic }) => topic === 'homeassistant/binary_sensor/D0/config'),
            'the discovery of D0',
        );
        assert.equal(discovery.retained, true);
        const { state_topic, value_template, payload_on, device_class } = discovery.payload as Record<string, string>;
        assert.deepEqual(
            [state_topic, value_template, payload_on, device_class],
            ['cctv/presence/D0', '{{ value_json.state }}', 'online', 'connectivity'],
        );
        const state = await until(() => late().find(({ topic }) => topic === state_topic), 'its state');
        assert.equal(state.retained, true);
        assert.equal((state.payload as PresenceRow).state, 'online');
    });

    it('take posts over TLS with the address of the device', async () => {
        const { delivered } = await terminals[0]!.send(row(0, 1));
        assert.equal(delivered, true);
        const event = await until(() => events()[0], 'the event');
        assert.equal(event.topic, 'cctv/events/T0/1/access');
        assert.equal((event.payload as { device: { address?: string } }).device.address, '127.0.2.1');
    });

    it('hold an answer back until the broker has the event', async () => {
        await stage.stopBroker();
        const sent = terminals[0]!.send(row(0, 2));
        const first = await Promise.race([sent, pause(1500).then(() => 'no answer yet')]);
        assert.equal(first, 'no answer yet');
        await stage.startBroker();
        const { delivered, attempts } = await sent;
        assert.equal(delivered, true);
        assert.ok(attempts > 1, 'it was told 503 and sent it again');
        await until(() => serials(0).includes(2), 'the event', tell);
        const again = await stage.subscribe('cctv/presence/+');
        await until(() => again().filter(({ retained }) => retained).length >= DEVICES, 'what was retained');
    });

    it('call nobody lost because the broker was away', async () => {
        // Mosquitto sends the last will of every client when it is stopped, and a worker that is not back yet when the
        // wait is over has not said yet that it is there.
        await stage.stopBroker();
        await pause(2500);
        await stage.startBroker();
        await pause(8000);
        const offline = heard().filter(({ topic, payload }) => {
            return topic.startsWith('cctv/presence/') && (payload as PresenceRow).state === 'offline';
        });
        assert.deepEqual(offline, []);
    });

    it('lose nothing that a device still holds when one of them is killed', async () => {
        const [gone, ...returning] = at('a');
        logged.push(stage.terminal.emit({ major: 5, minor: 75 }).row.serial);
        await until(() => serialsOf('LOG').includes(logged[0]!), 'an event of the terminal', tell);
        await until(() => stage.isMarked, 'the mark of the terminal on disk');
        const results: Promise<PushResult>[] = [];
        for (let serial = 101; serial <= 100 + ROWS; serial += 1) {
            for (const [number, one] of terminals.entries()) {
                results.push(one.send(row(number, serial)));
            }
        }
        await until(() => events().length > (TERMINALS * ROWS) / 4, 'a quarter of the events', tell);
        // One of its devices loses its power in the same moment, and is not seen again.
        gone!.stop('pull');
        await stage.killWorker('a');
        for (const { delivered } of await Promise.all(results)) assert.equal(delivered, true);
        const wanted = Array.from({ length: ROWS }, (_none, index) => 101 + index);
        for (const number of terminals.keys()) {
            const arrived = () => new Set(serials(number));
            await until(() => wanted.every((serial) => arrived().has(serial)), `all rows of T${number}`, tell);
        }
        const ids = events().map(({ payload }) => (payload as { id: string }).id);
        const rows = events().map(
            ({ topic, payload }) => topic + (payload as { access: { serial: number } }).access.serial,
        );
        assert.equal(new Set(ids).size, new Set(rows).size, 'what came twice has the same id');

        for (const one of returning) {
            const number = devices.indexOf(one);
            await until(() => presence(`D${number}`)?.worker === 'b', `D${number} at the other worker`, tell);
            await until(() => presence(`D${number}`)?.state === 'online', `D${number} online`, tell);
        }
        const lost = `D${devices.indexOf(gone!)}`;
        const last = await until(() => (presence(lost)?.state === 'offline' ? presence(lost) : undefined), lost, tell);
        assert.deepEqual([last.reason, last.worker], ['worker-lost', 'b']);
        const online = devices.filter((one) => one !== gone);
        for (const one of online) assert.equal(presence(`D${devices.indexOf(one)}`)?.state, 'online', 'nobody else');
    });

    it('catch up on the log of a terminal that only the killed one listened to', async () => {
        for (let row = 0; row < 5; row += 1) logged.push(stage.terminal.emit({ major: 5, minor: 75 }).row.serial);
        await stage.startWorker('a', 0);
        const all = () => logged.every((serial) => serialsOf('LOG').includes(serial));
        await until(all, 'what the terminal logged meanwhile', tell);
    });

    it('take new devices at the worker that came back, and leave the others where they are', async () => {
        const before = devices.map((_device, number) => presence(`D${number}`)?.worker);
        const first = devices.length;
        const came = () => devices.slice(first).some((_device, index) => presence(`D${first + index}`)?.worker === 'a');
        for (let number = first; number < first + 24 && !came(); number += 1) {
            assert.equal(await device(`D${number}`, `127.0.3.${number + 1}`).start(), 'online');
            await until(() => presence(`D${number}`), `presence of D${number}`, tell);
        }
        assert.ok(came(), 'the proxy uses it again');
        // What a worker said before it died it would say again a second after it is back on the broker.
        await pause(2000);
        assert.deepEqual(
            before,
            devices.slice(0, first).map((_device, number) => presence(`D${number}`)?.worker),
        );
    });
});
