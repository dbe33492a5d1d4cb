import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Abilities } from '../../devices/abilities';
import { familyOf } from '../../devices/abilities';
import { Camera } from '../../simulator/camera';
import { DoorStation } from '../../simulator/doorStation';
import type { HttpDevice } from '../../simulator/httpDevice';
import { Nvr } from '../../simulator/nvr';
import { Terminal } from '../../simulator/terminal';
import { LOGIN, requestsTo } from '../support/requests';

async function learning(device: HttpDevice, use: (abilities: Abilities) => Promise<void>): Promise<void> {
    await device.listen();
    const link = requestsTo(device);
    try {
        await use(link.requests.abilities);
    } finally {
        link.close();
        await device.close();
    }
}

describe('what is learned of a device on first contact', () => {
    it('a camera is a camera, with its channel by name, its events and its subscription', async () => {
        const camera = new Camera({ login: LOGIN });
        await learning(camera, async (abilities) => {
            const { profile, channels, triggers, subscribe, doors } = await abilities.everything();
            assert.equal(profile?.family, 'camera');
            assert.equal(profile?.model, 'DS-2CD2185FWD-I');
            assert.equal(channels?.[0]?.name, 'Portaria');
            assert.ok(triggers!.length > 0);
            assert.equal(subscribe, true);
            assert.equal(doors, undefined);
        });
    });

    it('a recorder is a recorder, with the cameras behind it', async () => {
        await learning(new Nvr({ login: LOGIN }), async (abilities) => {
            assert.equal((await abilities.profile()).family, 'recorder');
            const channels = await abilities.channels();
            assert.ok(channels.length > 1);
            assert.ok(channels.every((channel) => channel.source === 'proxy' && channel.name));
        });
    });

    it('a terminal is a terminal, with its doors and the page of its history', async () => {
        await learning(new Terminal({ login: LOGIN }), async (abilities) => {
            assert.equal((await abilities.profile()).family, 'access-terminal');
            assert.ok((await abilities.doors())!.commands.includes('open'));
            assert.ok(Number(await abilities.historyPage()) >= 10);
        });
    });

    it('a door station is one, though its type is three letters behind a tab, and has a voice', async () => {
        await learning(new DoorStation({ login: LOGIN }), async (abilities) => {
            const { profile, doors, audioChannels } = await abilities.everything();
            assert.equal(profile?.family, 'door-station');
            assert.deepEqual(doors?.commands, ['open', 'alwaysOpen', 'resume']);
            assert.deepEqual(audioChannels, [{ id: 1, enabled: true, codec: 'G.711ulaw' }]);
        });
    });

    it('an old recorder that refuses to tell its capabilities is known by what it does answer', async () => {
        for (const status of [403, 404, 405, 501]) {
            const recorder = new Nvr({ login: LOGIN });
            for (const path of ['/ISAPI/System/capabilities', '/ISAPI/Event/notification/subscribeEventCap']) {
                recorder.route('GET', path, (exchange) => exchange.outcome('notSupport', status));
            }
            await learning(recorder, async (abilities) => {
                const { profile, channels, subscribe, triggers } = await abilities.everything();
                assert.equal(profile?.family, 'recorder', String(status));
                assert.ok(channels!.length > 1);
                assert.equal(subscribe, false);
                assert.ok(triggers!.length > 0);
            });
        }
    });

    it('is asked once, whoever asks, and again on demand', async () => {
        const camera = new Camera({ login: LOGIN });
        await learning(camera, async (abilities) => {
            const asked = () =>
                camera.requests.filter((seen) => seen.withLogin && seen.url.endsWith('deviceInfo')).length;
            await Promise.all([abilities.profile(), abilities.profile(), abilities.family()]);
            await abilities.channels();
            assert.equal(asked(), 1);
            await abilities.everything(true);
            assert.equal(asked(), 2);
        });
    });

    it('is asked again after a failure that says nothing about the device', async () => {
        const camera = new Camera({ login: LOGIN });
        await learning(camera, async (abilities) => {
            camera.misbehave('GET', '/ISAPI/Event/triggers', (exchange) => exchange.outcome('lowPrivilege'));
            await assert.rejects(abilities.triggers(), { code: 'FORBIDDEN' });
            assert.ok((await abilities.triggers()).length > 0);
            camera.misbehave('GET', '/ISAPI/System/Video/inputs/channels', (exchange) =>
                exchange.outcome('notSupport'),
            );
            assert.deepEqual(await abilities.channels(), []);
            assert.deepEqual(await abilities.channels(), []);
            abilities.refresh();
            assert.equal((await abilities.channels()).length, 1);
        });
    });
});

describe('the family of a device', () => {
    it('follows its type, and its model where the type says nothing', () => {
        const families = [
            ['IPCamera', 'DS-2CD2185FWD-I', 'camera'],
            ['IPDome', '', 'camera'],
            ['NVR', 'DS-7616NI-Q2', 'recorder'],
            ['DVR', '', 'recorder'],
            ['ACS', 'DS-K1T341AM', 'access-terminal'],
            ['', 'DS-K2702WX', 'access-terminal'],
            ['\tVis', 'DS-KV6124-E1', 'door-station'],
            ['', 'DS-KD8003-IME1', 'door-station'],
            ['', 'DS-KB6003-WIP', 'door-station'],
            ['AXPro', 'DS-PWA64-L-WE', 'alarm-panel'],
            ['', 'iDS-2CD7A46G2', 'camera'],
            ['', 'iDS-9632NXI', 'recorder'],
            ['something', 'XY', 'unknown'],
        ] as const;
        for (const [type, model, family] of families) assert.equal(familyOf(type, model), family, `${type} ${model}`);
    });
});
