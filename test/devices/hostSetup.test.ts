import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AlarmWatch } from '../../devices/alarmWatch';
import { findHost, planHost, setUpHost } from '../../devices/hostSetup';
import { Fault } from '../../protocols/errors';
import { releaseHost, type WantedHost } from '../../protocols/isapi/httpHosts';
import { ask, type IsapiRequest } from '../../protocols/isapi/request';
import { Camera, type CameraOptions } from '../../simulator/camera';
import { Nvr } from '../../simulator/nvr';
import { httpReceiver } from '../simulator/alarmReceiver';
import { LOGIN, requestsTo } from '../support/requests';

const WANTED: WantedHost = { url: '/alarm', protocol: 'HTTP', host: '127.0.0.1', port: 18999, format: 'XML' };

describe('setting a device up to post here', () => {
    const ends: (() => Promise<void>)[] = [];
    afterEach(async () => {
        for (const end of ends.splice(0)) await end();
    });

    async function talk<T extends Camera | Nvr>(device: T) {
        await device.listen();
        const { client, close } = requestsTo(device);
        ends.push(async () => {
            close();
            await device.close();
        });
        return { device, asking: (request: IsapiRequest) => ask(client, request) };
    }

    const camera = (options: CameraOptions = {}) => talk(new Camera({ login: LOGIN, ...options }));
    const writes = ({ requests }: Camera) => requests.filter(({ method }) => method === 'PUT').length;

    it('looks before it writes, and leaves the slots of others alone', async () => {
        const { device, asking } = await camera();
        device.pushTo('http://127.0.0.9:81/token-of-others');
        const plan = await planHost(asking, WANTED);
        assert.equal(plan.slot, 2);
        assert.deepEqual(plan.problems, []);
        assert.deepEqual(plan.slots[0], { id: 1, target: '127.0.0.9:81/…', free: false, ours: false });
        assert.equal(writes(device), 0);
        assert.deepEqual((await planHost(asking, WANTED, 1)).problems, ['slot-taken']);
    });

    it('writes a free slot, reads it back, tries it, and gives it back as it was', async () => {
        const { device, asking } = await camera();
        device.pushTo('http://127.0.0.9:81/others');
        const setup = await setUpHost(asking, WANTED);
        assert.equal(setup.slot, 2);
        assert.equal(setup.verified, true);
        assert.deepEqual(setup.test, { ok: false, description: 'connect failed' });
        assert.equal((await findHost(asking, WANTED))?.id, 2);
        assert.equal((await setUpHost(asking, WANTED)).slot, 2, 'a second time is no second slot');

        assert.deepEqual(await releaseHost(asking, 2, WANTED.url), { released: true });
        assert.equal(await findHost(asking, WANTED), undefined);
        assert.equal(device.hosts.slots[0]?.ipAddress, '127.0.0.9');
    });

    it('gives the device the login that it has to show', async () => {
        const { device, asking } = await camera();
        const login = { method: 'MD5digest', username: 'poster', password: 'Canary-7f3a' } as const;
        await setUpHost(asking, { ...WANTED, login });
        const [slot] = device.hosts.slots;
        assert.equal(slot?.userName, 'poster');
        assert.equal(slot?.password, 'Canary-7f3a');
        assert.equal(slot?.httpAuthenticationMethod, 'MD5digest');
    });

    it('never overwrites: where all slots are in use it says so', async () => {
        const { device, asking } = await camera();
        for (const slot of [1, 2, 3]) device.pushTo(`http://127.0.0.9:81/${slot}`, undefined, slot);
        assert.deepEqual((await planHost(asking, WANTED)).problems, ['no-free-slot']);
        const refused = await setUpHost(asking, WANTED).catch(Fault.from);
        assert.ok(refused instanceof Fault);
        assert.equal(refused.code, 'NO_FREE_HOST');
        assert.equal(writes(device), 0);
    });

    it('writes the slot that is ours once more, which wakes a device that forgot it over a restart', async () => {
        const { device, asking } = await camera({ resumesAfterReboot: false });
        const host = await httpReceiver(() => 200);
        ends.push(() => host.close());
        const { hostname, port, pathname } = new URL(host.url);
        const wanted: WantedHost = { ...WANTED, host: hostname, port: Number(port), url: pathname };
        const posts = async () => (await device.emit({ type: 'VMD' }).pushed).length;
        await setUpHost(asking, wanted);
        assert.equal(await posts(), 1);
        await device.reboot();
        assert.equal(await posts(), 0);
        assert.equal((await findHost(asking, wanted))?.id, 1, 'it looks as if all were well');
        assert.equal((await setUpHost(asking, wanted)).slot, 1);
        assert.equal(await posts(), 1);
    });

    it('gets along with a DS-K1A8503MF: no HTTPS, no name, no low port, and no empty slot beside ours', async () => {
        const { device, asking } = await camera({ hosts: { strict: true } });
        const refused: Partial<WantedHost>[] = [{ protocol: 'HTTPS' }, { host: 'red.example' }, { port: 80 }];
        for (const wrong of refused) {
            const fault = await setUpHost(asking, { ...WANTED, ...wrong }).catch(Fault.from);
            assert.ok(fault instanceof Fault, JSON.stringify(wrong));
            assert.equal(fault.code, 'REQUEST_INVALID');
            assert.match(fault.message, /a value in the document is missing or out of range/);
            assert.equal(await findHost(asking, WANTED), undefined);
        }
        assert.equal((await setUpHost(asking, WANTED)).verified, true);
        // This one takes no slot by itself either.
        assert.deepEqual(await releaseHost(asking, 1, WANTED.url).catch(Fault.from), { released: true });
        for (const slot of [1, 2, 3]) {
            device.route('PUT', `/ISAPI/Event/notification/httpHosts/${slot}`, (exchange) =>
                exchange.outcome('methodNotAllowed'),
            );
        }
        assert.equal((await setUpHost(asking, WANTED)).verified, true);
        const others = device.hosts.slots.filter(({ ipAddress }) => ipAddress !== WANTED.host);
        assert.deepEqual(
            others.map(({ protocolType, portNo }) => [protocolType, portNo]),
            [
                ['EHome', '15300'],
                ['EHome', '15300'],
            ],
        );
    });

    it('says beforehand what the capabilities rule out', async () => {
        const { device, asking } = await camera();
        device.route('GET', '/ISAPI/Event/notification/httpHosts/capabilities', (exchange) =>
            exchange.xml('HttpHostNotificationCap', {
                protocolType: { '@opt': 'HTTP,EHome' },
                addressingFormatType: { '@opt': 'ipaddress' },
            }),
        );
        const { problems } = await planHost(asking, { ...WANTED, protocol: 'HTTPS', host: 'red.example' });
        assert.deepEqual(problems, ['no-https', 'no-name']);
    });

    it('says beforehand what the device cannot do', async () => {
        const { asking } = await camera();
        const long = await planHost(asking, { ...WANTED, url: `/${'a'.repeat(200)}` });
        assert.deepEqual(long.problems, ['url-too-long']);
    });

    it('does not take it for a failure that a camera answers its test with 500', async () => {
        const { asking } = await camera({ hosts: { test: 'failing' } });
        const setup = await setUpHost(asking, WANTED);
        assert.equal(setup.verified, true);
        assert.equal(setup.test, undefined);
    });

    it('gets along with recorders, which tell no capabilities and have no test', async () => {
        const { asking } = await talk(
            new Nvr({ login: LOGIN, hosts: { test: 'forbidden', capabilities: 'forbidden' } }),
        );
        assert.deepEqual((await planHost(asking, WANTED)).problems, []);
        const setup = await setUpHost(asking, WANTED);
        assert.equal(setup.verified, true);
        assert.equal(setup.test, undefined);
    });
});

describe('what a listening host has seen', () => {
    it('is kept by address, the last one first, and for no more than fifty', () => {
        let now = 1000;
        const watch = new AlarmWatch({ now: () => now, elapsed: () => now, after: () => () => undefined });
        watch.posted('192.0.2.1');
        now = 2000;
        watch.rejected({ source: '192.0.2.2', fault: new Fault('BODY_TRUNCATED') });
        now = 3000;
        watch.posted('192.0.2.1');
        const [first, second] = watch.addresses;
        assert.deepEqual(first, { address: '192.0.2.1', posts: 2, rejected: 0, lastAt: 3000 });
        assert.equal(second?.fault?.code, 'BODY_TRUNCATED');
        for (let index = 0; index < 1000; index += 1) watch.posted(`198.51.100.${index}`);
        assert.equal(watch.addresses.length, 50);
        assert.equal(watch.addresses[0]?.address, '198.51.100.999');
    });
});
