import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Device } from '../../devices/device';
import { collectDiagnostics } from '../../devices/diagnostics';
import { StandIns } from '../../devices/standIns';
import { readXml } from '../../protocols/documents/readXml';
import { Camera } from '../../simulator/camera';
import { run } from '../../simulator/cli';
import { readCommandLine } from '../../simulator/cliOptions';
import { Nvr } from '../../simulator/nvr';
import { deviceSettings } from '../support/deviceSettings';
import { LOGIN } from '../support/requests';

function deviceAt(port: number, login: { username: string; password: string } = LOGIN): Device {
    return new Device(deviceSettings(port, { ...login, timeout: 5000 }));
}

describe('stand-ins', () => {
    it('are the same for the same, of the same length and form, in whatever form a document has', () => {
        const texts = [
            '<DeviceInfo><deviceName>Portão 3 &amp; Rua</deviceName><serialNumber>DS-2CD2085A1234567</serialNumber>' +
                '<macAddress>0c:bf:ea:12:34:5F</macAddress><model>DS-2CD2085</model></DeviceInfo>',
            '{"ipAddress":"192.168.1.64","employeeNo":1764,"name":"Maria d\\u00e1 Luz","serial":"DS-2CD2085A1234567"}',
            'table.ChannelTitle[0].Name=Garagem\r\ntable.Network.IPAddress=192.168.1.64\r\n',
        ];
        const standIns = new StandIns();
        for (const text of texts) standIns.learn(text);
        const [xml, json, lines] = texts.map((text) => standIns.apply(text)) as [string, string, string];
        for (const [index, text] of [xml, json, lines].entries()) {
            assert.equal(Buffer.byteLength(text), Buffer.byteLength(texts[index]!));
            assert.doesNotMatch(text, /Port|Rua|1234567|12:34:5F|192\.168|Maria|Luz|1764|Garagem/);
        }
        const info = readXml(xml)?.DeviceInfo as Record<string, string>;
        assert.match(info.serialNumber!, /^[A-Z]{2}-\d[A-Z]{2}\d{4}[A-Z]\d{7}$/);
        assert.match(info.macAddress!, /^02(?::[\dA-F]{2}){5}$/);
        assert.match(info.deviceName!, / \d & /);
        assert.equal(info.model, 'DS-2CD2085');
        const read = JSON.parse(json);
        assert.equal(read.serial, info.serialNumber, 'under another name too');
        assert.ok(read.employeeNo > 999 && read.employeeNo < 10_000);
        assert.match(read.ipAddress, /^1\d\d\.1\d\d\.\d\.\d\d$/);
        assert.ok(lines.includes(read.ipAddress));
    });

    it('leave words alone that only look like a name, and nothing of a secret', () => {
        const standIns = new StandIns();
        const text =
            '<A><name>Camera</name><deviceType>IPCamera</deviceType><password>abc123</password>' +
            '<userName>admin</userName><isSupportPassword>true</isSupportPassword><key>k1</key></A>';
        standIns.learn(text);
        const read = readXml(standIns.apply(text))?.A as Record<string, string>;
        assert.notEqual(read.name, 'Camera');
        assert.equal(read.deviceType, 'IPCamera');
        assert.equal(read.password, '******');
        assert.equal(read.key, '**');
        assert.equal(read.userName, 'admin');
        assert.equal(read.isSupportPassword, 'true');
    });

    it('differ from one report to the next', () => {
        assert.notEqual(new StandIns().of('DS-2CD2085A1234567'), new StandIns().of('DS-2CD2085A1234567'));
    });
});

describe('the diagnostics of a device', () => {
    it('hold what describes it, and nothing that tells whose it is', async () => {
        const camera = await new Camera({ login: LOGIN }).listen();
        camera.pushTo('http://127.0.0.1:9/secret-token-path', { username: 'poster', password: 'Canary-7f3a' });
        const device = deviceAt(camera.port);
        try {
            const events = [{ format: 'xml' as const, text: `<E><macAddress>${camera.profile.mac}</macAddress></E>` }];
            const report = await collectDiagnostics(device, events);
            const text = JSON.stringify(report);
            for (const canary of [camera.profile.serial, camera.profile.mac, 'Portaria', 'secret-token', 'Canary']) {
                assert.ok(!text.includes(canary), canary);
            }
            assert.equal(report.family, 'camera');
            const info = report.answers.find(({ path }) => path.endsWith('deviceInfo'))!;
            assert.equal(info.status, 200);
            assert.match(info.body, /DS-2CD2185FWD-I</);
            const mac = /<macAddress>([^<]*)/.exec(info.body)![1]!;
            assert.ok(report.events[0]!.text.includes(mac), 'the same stand-in in an event');
            assert.ok(
                report.answers.some(({ status }) => status === 403 || status === 404),
                'refusals too',
            );
        } finally {
            await device.close();
            await camera.close();
        }
    });

    it('has the latest events of a stream that is open, and no more than ten of them', async () => {
        const camera = await new Camera({ login: LOGIN }).listen();
        const device = deviceAt(camera.port);
        let heard = 0;
        const ignore = () => undefined;
        const stop = device.subscribe(
            { mode: 'alertStream', watchdog: 60 },
            {
                occurrence: () => {
                    heard += 1;
                },
                connection: ignore,
                heartbeat: ignore,
                unreadable: ignore,
                lost: ignore,
                warning: ignore,
            },
        );
        try {
            await camera.streams.whenOpen();
            for (let index = 0; index < 12; index += 1) camera.emit({ type: 'VMD' });
            while (heard < 12) await new Promise((resolve) => setTimeout(resolve, 10));
            assert.equal(device.connection?.state, 'online');
            const { events } = await collectDiagnostics(device);
            assert.equal(events.length, 10);
            assert.match(events[9]!.text, /<eventType>VMD</);
            assert.ok(!JSON.stringify(events).includes(camera.profile.mac));
        } finally {
            await stop();
            await device.close();
            await camera.close();
        }
    });

    it('can be played as a device', async () => {
        const nvr = await new Nvr({ login: LOGIN }).listen();
        const device = deviceAt(nvr.port);
        const report = await collectDiagnostics(device, []);
        const channels = await device.requests.abilities.channels();
        await device.close();
        await nvr.close();

        const folder = mkdtempSync(join(tmpdir(), 'vigia-diagnostics-'));
        const file = join(folder, 'device.json');
        writeFileSync(file, JSON.stringify(report));
        const running = await run(readCommandLine(['--diagnostics', file, '--port', '0']), () => undefined);
        const played = deviceAt(running.devices[0]!.port, { username: 'admin', password: 'vigia123' });
        try {
            const { profile, channels: again } = await played.requests.abilities.everything();
            assert.equal(profile?.family, 'recorder');
            assert.notEqual(profile?.serial, nvr.profile.serial);
            assert.equal(again?.length, channels.length);
            assert.deepEqual(
                again?.map(({ name }) => name?.length),
                channels.map(({ name }) => name?.length),
            );
        } finally {
            await played.close();
            await running.close();
            rmSync(folder, { recursive: true });
        }
    });
});
