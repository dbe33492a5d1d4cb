import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DeviceRequests } from '../../devices/deviceRequests';
import { OPERATIONS } from '../../protocols/operations';
import type { Progress } from '../../protocols/progress';
import { Doors } from '../../simulator/access/doors';
import { readXmlBody } from '../../simulator/bodies';
import { Camera } from '../../simulator/camera';
import { addDahuaCgi } from '../../simulator/dahuaCgi';
import { HttpDevice } from '../../simulator/httpDevice';
import { addIntercom, type Intercom } from '../../simulator/intercom';
import { IoPorts } from '../../simulator/ioPorts';
import { addPeople, type People } from '../../simulator/personnel';
import { addPtz, type PtzHead } from '../../simulator/ptz';
import { addRecordings } from '../../simulator/recordings';
import { addAccessHistory } from '../support/history';
import { hastyClock, LOGIN, requestsTo } from '../support/requests';

/** Runs one operation and gives its payload. */
const runner =
    (requests: DeviceRequests) =>
    async (id: string, params: Record<string, unknown> = {}) =>
        (await requests.run(id, params, {})).payload as Record<string, unknown>;

describe('a camera', () => {
    const camera = new Camera({ login: LOGIN, offset: 180 });
    let head: PtzHead;
    let ports: IoPorts;
    let run: ReturnType<typeof runner>;
    let link: ReturnType<typeof requestsTo>;
    before(async () => {
        await camera.listen();
        head = addPtz(camera);
        ports = new IoPorts(1, 1, (method, pattern, handler) => camera.route(method, pattern, handler));
        addRecordings(camera);
        link = requestsTo(camera, { clock: hastyClock() });
        run = runner(link.requests);
    });
    after(async () => {
        link.close();
        await camera.close();
    });

    it('says who it is, without the blanks that some models put around it', async () => {
        camera.misbehave('GET', '/ISAPI/System/deviceInfo', (exchange) =>
            exchange.xml('DeviceInfo', { deviceName: 'Door', deviceType: '\tVis', serialNumber: '007' }),
        );
        const info = await run('deviceInfo');
        assert.equal(info.deviceType, 'Vis');
        assert.equal(info.serialNumber, '007');
        assert.equal((await run('deviceInfo')).model, 'DS-2CD2185FWD-I');
    });

    it('tells its clock, with the sign of the zone turned the right way', async () => {
        const time = await run('deviceTime');
        assert.equal(time.timeZone, 'CST-3:00:00');
        assert.equal(time.offsetMinutes, 180);
    });

    it('takes a new time as local time of its zone, and a new zone with the sign turned', async () => {
        const sent: Record<string, unknown>[] = [];
        for (const params of [{ time: '2026-11-20T12:00:00Z' }, { time: '2026-11-20T12:00:00Z', offset: '-03:00' }]) {
            camera.misbehave('PUT', '/ISAPI/System/time', (exchange) => {
                sent.push(readXmlBody(exchange.body)?.content ?? {});
                exchange.outcome('ok');
            });
            await run('setDeviceTime', params);
        }
        assert.deepEqual(
            sent.map(({ localTime, timeZone, timeMode }) => ({ localTime, timeZone, timeMode })),
            [
                { localTime: '2026-11-20T15:00:00+03:00', timeZone: 'CST-3:00:00', timeMode: 'manual' },
                { localTime: '2026-11-20T09:00:00-03:00', timeZone: 'CST+3:00:00', timeMode: 'manual' },
            ],
        );
    });

    it('names its one channel, and lists are lists', async () => {
        const channels = (await run('channels')) as unknown as { id: number; source: string }[];
        assert.deepEqual(
            channels.map(({ id, source }) => ({ id, source })),
            [{ id: 1, source: 'video' }],
        );
        const streams = (await run('streams')) as unknown as Record<string, unknown>[];
        assert.ok(streams.length >= 2);
    });

    it('gives a snapshot of the size that was asked for', async () => {
        const result = await link.requests.run('snapshot', { stream: 2, width: '352', height: '240' }, {});
        const picture = result.payload as Buffer;
        assert.deepEqual([...picture.subarray(0, 2)], [0xff, 0xd8]);
        assert.equal(result.path, '/ISAPI/Streaming/channels/102/picture');
        assert.equal(result.extra?.contentType, 'image/jpeg');
        assert.match(camera.requests.at(-1)!.url, /102\/picture\?videoResolutionWidth=352&videoResolutionHeight=240/);
    });

    it('relays the snapshot of a camera behind a recorder when the channel itself refuses', async () => {
        camera.misbehave('GET', '/ISAPI/Streaming/channels/{sid}/picture', (exchange) =>
            exchange.outcome('badContent', 200),
        );
        const result = await link.requests.run('snapshot', {}, {});
        assert.equal(result.path, '/ISAPI/ContentMgmt/StreamingProxy/channels/101/picture');
        assert.equal((result.payload as Buffer)[0], 0xff);
    });

    it('is asked again for a snapshot when it failed inside, and three times only', async () => {
        camera.misbehave(
            'GET',
            '/ISAPI/Streaming/channels/{sid}/picture',
            (exchange) => exchange.outcome('deviceError', 200),
            2,
        );
        assert.equal(((await run('snapshot')) as unknown as Buffer)[0], 0xff);
    });

    it('gives the RTSP address of a stream without asking anybody, and without a password', async () => {
        const before = camera.requests.length;
        assert.equal(
            await run('rtspUrl', { channel: 3, stream: 2, transport: 'unicast' }),
            'rtsp://127.0.0.1:554/ISAPI/Streaming/channels/302?transportmode=unicast',
        );
        assert.equal(camera.requests.length, before);
    });

    it('moves, and stops after the time it was told', async () => {
        head.commands.length = 0;
        await run('ptzContinuous', { pan: -50, zoom: 10, duration: 200 });
        await run('ptzMomentary', { tilt: 5 });
        await run('ptzAbsolute', { elevation: 10, azimuth: 200, absoluteZoom: 30 });
        await run('ptzPatrolStart', { patrol: 1 });
        await run('ptzHome');
        assert.deepEqual(head.commands, [
            'continuous -50 0 10',
            'continuous 0 0 0',
            'momentary 0 5 0',
            'absolute 10 200 30',
            'patrol 1 start',
            'home',
        ]);
    });

    it('is watched until it rests at a preset', async () => {
        const presets = (await run('ptzPresets')) as unknown as { id: number; name: string }[];
        assert.equal(presets[0]?.name, 'Portão');
        const result = await run('ptzGotoPreset', { preset: 1, wait: 20 });
        assert.equal(result.reached, true);
        assert.deepEqual(result.position, { elevation: 120, azimuth: 900, absoluteZoom: 20 });
    });

    it('that does not tell its position is not waited for', async () => {
        camera.misbehave('GET', '/ISAPI/PTZCtrl/channels/1/absoluteEx', (exchange) => exchange.outcome('notSupport'));
        assert.equal((await run('ptzGotoPreset', { preset: 2, wait: 20 })).reached, null);
    });

    it('switches an output on and off again', async () => {
        const sent: unknown[] = [];
        const trigger = '/ISAPI/System/IO/outputs/1/trigger';
        const restore = camera.route('PUT', trigger, (exchange) => {
            sent.push(readXmlBody(exchange.body)?.content.outputState);
            exchange.outcome('ok');
        });
        await run('ioOutputPulse', { port: 1, duration: 100 });
        assert.deepEqual(sent, ['high', 'low']);
        restore();
        await run('ioOutput', { state: 'high' });
        assert.deepEqual(ports.outputs, ['high']);
        assert.equal((await run('ioOutputStatus')).active, true);
        assert.deepEqual(await run('ioInputStatus', { port: 1 }), {
            port: 1,
            type: 'input',
            state: 'inactive',
            active: false,
        });
        assert.equal(((await run('ioOutputs')) as unknown as unknown[]).length, 1);
    });

    it('has its motion detection switched in its own document, which goes back otherwise unchanged', async () => {
        const path = '/ISAPI/System/Video/inputs/channels/1/motionDetection';
        const before = (await link.client.request({ path })).body.toString();
        assert.deepEqual(await run('detectionEnable', { enabled: false }), { enabled: false, changed: true });
        assert.deepEqual(await run('detectionEnable', { enabled: 'off' }), { enabled: false, changed: false });
        const after = (await link.client.request({ path })).body.toString();
        assert.equal(after, before.replace('<enabled>true</enabled>', '<enabled>false</enabled>').trimStart());
        assert.equal((await run('detection')).enabled, 'false');
    });

    it('finds its motion detection where recorders keep it, too', async () => {
        camera.route('GET', '/ISAPI/ContentMgmt/InputProxy/channels/5/video/motionDetection', (exchange) =>
            exchange.xml('MotionDetection', { enabled: true }),
        );
        assert.equal((await run('detection', { channel: 5 })).enabled, 'true');
    });

    it('is told to notify the surveillance center, and not to, and nothing else changes', async () => {
        let stored = '';
        const path = '/ISAPI/Event/triggers/VMD-1';
        const trigger =
            '\n<?xml version="1.0" encoding="UTF-8"?>\n<EventTrigger version="2.0" xmlns="urn:own"><id>VMD-1</id><eventType>VMD</eventType>' +
            '<EventTriggerNotificationList><EventTriggerNotification><id>beep</id><notificationMethod>beep</notificationMethod>' +
            '</EventTriggerNotification></EventTriggerNotificationList></EventTrigger>';
        stored = trigger;
        camera.route('GET', path, (exchange) => exchange.sendXml(stored));
        camera.route('PUT', path, (exchange) => {
            stored = exchange.body.toString();
            exchange.outcome('ok');
        });
        assert.deepEqual(await run('notifySurveillanceCenter', { trigger: 'VMD-1' }), {
            trigger: 'VMD-1',
            center: true,
            changed: true,
        });
        assert.match(stored, /^<\?xml/);
        assert.match(stored, /<notificationMethod>center<\/notificationMethod>/);
        assert.deepEqual(await run('notifySurveillanceCenter', { trigger: 'VMD-1' }), {
            trigger: 'VMD-1',
            center: true,
            changed: false,
        });
        await run('notifySurveillanceCenter', { trigger: 'VMD-1', enabled: false });
        assert.equal(stored, trigger.trimStart());
    });

    it('lists its triggers, wrapped once more on two models', async () => {
        const triggers = (await run('eventTriggers')) as unknown as {
            id: string;
            methods: string[];
            center: boolean;
        }[];
        assert.ok(triggers.some((trigger) => trigger.center));
        camera.misbehave('GET', '/ISAPI/Event/triggers', (exchange) =>
            exchange.xml('EventNotification', {
                EventTriggerList: { EventTrigger: { id: 'IO-1', eventType: 'IO', inputIOPortID: 1 } },
            }),
        );
        assert.deepEqual(await run('eventTriggers'), [
            { id: 'IO-1', type: 'IO', input: 1, methods: [], center: false },
        ]);
    });

    it('shows other words in its picture, and lights up', async () => {
        const documents: Record<string, string> = {
            '/ISAPI/System/Video/inputs/channels/1/overlays/text/2':
                '<TextOverlay><id>2</id><enabled>false</enabled><positionX>0</positionX><positionY>16</positionY><displayText/></TextOverlay>',
            '/ISAPI/Image/channels/1/supplementLight':
                '<SupplementLight><supplementLightMode>irLight</supplementLightMode><whiteLightBrightness>50</whiteLightBrightness></SupplementLight>',
            '/ISAPI/Image/channels/1/ircutFilter': '<IrcutFilter><IrcutFilterType>auto</IrcutFilterType></IrcutFilter>',
        };
        for (const path of Object.keys(documents)) {
            camera.route('GET', path, (exchange) => exchange.sendXml(documents[path]!));
            camera.route('PUT', path, (exchange) => {
                documents[path] = exchange.body.toString();
                exchange.outcome('ok');
            });
        }
        await run('setOverlayText', { line: 2, text: 'Portão <A & B>', enabled: true });
        assert.deepEqual(await run('overlayText', { line: 2 }), {
            line: 2,
            enabled: true,
            text: 'Portão <A & B>',
            x: 0,
            y: 16,
        });
        assert.equal(
            (await run('setSupplementLight', { mode: 'colorVuWhiteLight', brightness: 80 })).whiteLightBrightness,
            '80',
        );
        assert.equal((await run('setDayNight', { mode: 'night' })).IrcutFilterType, 'night');
        await assert.rejects(run('setOverlayText', { line: 2, text: 'x', x: -1 }), { code: 'PARAMETER_INVALID' });
    });

    it('fetches a picture by the path of its URL, `@` and all, from itself whatever host the URL names', async () => {
        camera.route('GET', '/LOCALS/pic/7.jpeg@WEB000000000011', (exchange) =>
            exchange.jpeg(Buffer.from([0xff, 0xd8, 0xff])),
        );
        const url = 'http://192.0.2.99:8080/LOCALS/pic/7.jpeg@WEB000000000011?a=1&b=2';
        assert.equal(((await run('pictureByUrl', { url })) as unknown as Buffer).length, 3);
        assert.equal(camera.requests.at(-1)!.url, '/LOCALS/pic/7.jpeg@WEB000000000011?a=1&b=2');
        await assert.rejects(run('pictureByUrl', { url: '//evil.example/x.jpg' }), { code: 'PATH_INVALID' });
    });

    it('finds recordings page by page and streams one to a file, whole or not at all', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'vigia-download-'));
        try {
            const span = { startTime: '2026-11-20T00:00:00Z', endTime: '2026-11-21T00:00:00Z' };
            const matches = link.requests.pagesOf('recordings', span, {})!;
            const page = (await matches.pages.next()).value!;
            const row = matches.row(page.rows[0]!) as { playbackURI: string; size: number };
            assert.equal(row.size, 200_000);
            const filename = join(folder, 'gate.mp4');
            const told: Progress[] = [];
            const progress = (report: Progress) => told.push(report);
            const { playbackURI } = row;
            const result = await link.requests.run('recordingDownload', { playbackURI }, { filename, progress });
            assert.deepEqual(result.payload, { filename, bytes: 200_000 });
            assert.deepEqual(told.at(-1), { unit: 'bytes', done: 200_000, total: 200_000 });
            assert.equal(readFileSync(filename).length, 200_000);
            await assert.rejects(
                link.requests.run(
                    'recordingDownload',
                    { playbackURI: 'nonsense' },
                    { filename: join(folder, 'b.mp4') },
                ),
                { code: 'REQUEST_INVALID' },
            );
            addRecordings(camera, { breaksOff: true });
            await assert.rejects(
                link.requests.run(
                    'recordingDownload',
                    { playbackURI: row.playbackURI },
                    { filename: join(folder, 'c.mp4') },
                ),
                { code: 'CONNECTION_LOST' },
            );
            assert.deepEqual(readdirSync(folder), ['gate.mp4']);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it('is not asked with parameters that it cannot mean', async () => {
        const before = camera.requests.length;
        await assert.rejects(run('ptzGotoPreset', {}), { code: 'PARAMETER_MISSING', message: /preset/ });
        await assert.rejects(run('ptzContinuous', { pan: 101 }), { code: 'PARAMETER_INVALID', message: /pan/ });
        await assert.rejects(run('ptzContinuous', { pan: 1.5 }), { code: 'PARAMETER_INVALID' });
        await assert.rejects(run('setDayNight', { mode: 'dusk' }), { code: 'PARAMETER_INVALID' });
        await assert.rejects(run('constructor'), { code: 'OPERATION_UNKNOWN' });
        assert.equal(camera.requests.length, before);
    });
});

describe('an access terminal', () => {
    const terminal = new HttpDevice({ login: LOGIN });
    let doors: Doors;
    const commands: string[] = [];
    let people: People;
    let intercom: Intercom;
    let run: ReturnType<typeof runner>;
    let link: ReturnType<typeof requestsTo>;
    before(async () => {
        await terminal.listen();
        const options = { count: 2, commands: ['open', 'alwaysOpen', 'resume'], padded: true } as const;
        doors = new Doors(options, (method, pattern, handler) => terminal.route(method, pattern, handler));
        doors.onCommand = (door, command) => commands.push(`${door} ${command}`);
        people = addPeople(terminal);
        intercom = addIntercom(terminal);
        addAccessHistory(terminal);
        link = requestsTo(terminal, { clock: hastyClock() });
        run = runner(link.requests);
    });
    after(async () => {
        link.close();
        await terminal.close();
    });

    it('opens its doors, one or all', async () => {
        await run('doorCommand', { door: 2, command: 'open' });
        await run('doorCommand', { door: 'all', command: 'alwaysOpen' });
        assert.deepEqual(commands, ['2 open', '1 alwaysOpen', '2 alwaysOpen']);
    });

    it('is not sent a command that its doors do not take, nor one to a door that it does not have', async () => {
        const puts = () => terminal.requests.filter((request) => request.method === 'PUT').length;
        const before = puts();
        await assert.rejects(run('doorCommand', { command: 'close' }), {
            code: 'NOT_SUPPORTED',
            message: /open, alwaysOpen, resume/,
        });
        await assert.rejects(run('doorCommand', { door: 3 }), { code: 'PARAMETER_INVALID', message: /doors 1 to 2/ });
        assert.equal(puts(), before);
    });

    it('is never told twice to open, whatever it answers', async () => {
        const path = '/ISAPI/AccessControl/RemoteControl/door/1';
        for (const outcome of ['deviceBusy', 'deviceError', 'invalidOperation'] as const) {
            let asked = 0;
            const restore = terminal.route('PUT', path, (exchange) => {
                asked += 1;
                exchange.outcome(outcome);
            });
            await assert.rejects(run('doorCommand', { door: 1 }));
            await assert.rejects(
                link.requests.send({ method: 'PUT', path, body: { RemoteControlDoor: { cmd: 'open' } } }, {}),
            );
            assert.equal(asked, 2, outcome);
            restore();
        }
        let cut = 0;
        const restore = terminal.route('PUT', path, (exchange) => {
            cut += 1;
            exchange.takeSocket()?.destroy();
        });
        await assert.rejects(run('doorCommand', { door: 1 }), { code: 'CONNECTION_LOST' });
        assert.equal(cut, 1);
        restore();
    });

    it('tells the state of its own doors, and not of the 126 that pad the list', async () => {
        doors.setUnlocked(1, false);
        doors.setUnlocked(2, true);
        const status = (await run('doorStatus')).doors as { door: number; open: boolean }[];
        assert.deepEqual(
            status.map(({ door, open }) => ({ door, open })),
            [
                { door: 1, open: false },
                { door: 2, open: true },
            ],
        );
    });

    it('takes persons, cards and faces, with their leading zeros', async () => {
        await run('personAdd', { employeeNo: '0001764', personName: 'Ana', doorRight: '1,2' });
        assert.deepEqual(people.persons.get('0001764')?.RightPlan, [
            { doorNo: 1, planTemplateNo: '1' },
            { doorNo: 2, planTemplateNo: '1' },
        ]);
        await assert.rejects(run('personAdd', { employeeNo: '0001764' }), {
            code: 'REQUEST_INVALID',
            message: /exists already/,
        });
        await run('personSet', { employeeNo: '0001764', personName: 'Ana Maria' });
        assert.equal(people.persons.get('0001764')?.name, 'Ana Maria');
        assert.equal(await run('personCount'), 1);
        await run('cardAdd', { employeeNo: '0001764', cardNo: '0012345678' });
        const picture = Buffer.from([0xff, 0xd8, 0x0d, 0x0a, 0x2d, 0x2d, 0xff, 0xd9]);
        await run('faceAdd', { employeeNo: '0001764', picture });
        assert.deepEqual(people.faces.get('0001764'), picture);
        for (const id of ['persons', 'cards', 'faces']) {
            const matches = link.requests.pagesOf(id, {}, {})!;
            const page = (await matches.pages.next()).value!;
            assert.equal(page.rows.length, 1, id);
            assert.equal(page.last, true);
        }
        await run('faceDelete', { employeeNo: '0001764' });
        await run('cardDelete', { cardNo: '0012345678' });
        await run('personDelete', { employeeNo: '0001764' });
        assert.deepEqual([people.persons.size, people.cards.size, people.faces.size], [0, 0, 0]);
    });

    it('counts its history', async () => {
        const span = { startTime: new Date(0), endTime: Date.now() };
        assert.equal(await run('accessTotal', span), 277);
    });

    it('lets the server decide, once', async () => {
        await run('remoteCheck', { serialNo: 42, admit: true, info: 'Bem-vindo' });
        await run('remoteCheck', { serialNo: 43, admit: 'false' });
        assert.deepEqual(intercom.checks, [
            { serialNo: 42, checkResult: 'success' },
            { serialNo: 43, checkResult: 'failed' },
        ]);
    });

    it('rings, is answered and hung up', async () => {
        await assert.rejects(run('callSignal', { command: 'answer' }), { code: /FORBIDDEN|NOT_SUPPORTED/ });
        intercom.ring();
        assert.deepEqual(await run('callStatus'), { status: 'ring' });
        await run('callSignal', { command: 'answer' });
        assert.deepEqual(await run('callStatus'), { status: 'onCall' });
        await run('hangUp');
        assert.deepEqual(intercom.signals, ['answer', 'hangUp']);
        assert.equal((await run('callerInfo')).devNo, 88);
    });
});

describe('a Dahua or Intelbras device', () => {
    const device = new HttpDevice({ login: LOGIN });
    const cgi = addDahuaCgi(device);
    let run: ReturnType<typeof runner>;
    let link: ReturnType<typeof requestsTo>;
    before(async () => {
        await device.listen();
        link = requestsTo(device, { clock: hastyClock() });
        run = runner(link.requests);
    });
    after(async () => {
        link.close();
        await device.close();
    });

    it('is recognised by its own answers, after ISAPI is not known', async () => {
        const profile = await link.requests.abilities.profile();
        assert.deepEqual(
            { vendor: profile.vendor, model: profile.model, serial: profile.serial },
            { vendor: 'dahua', model: 'VIP-3230', serial: '6F0000000000001' },
        );
        assert.deepEqual(
            (await link.requests.abilities.channels()).map((channel) => channel.name),
            ['Portão', 'Garagem'],
        );
    });

    it('tells and takes settings as objects', async () => {
        assert.equal((await run('dahuaInfo')).updateSerial, 'VIP-3230');
        const motion = (await run('dahuaConfig', { configName: 'MotionDetect' })) as unknown as { Enable: string }[];
        assert.equal(motion[0]?.Enable, 'true');
        await run('dahuaSetConfig', { settings: { MotionDetect: [{ Enable: false }] } });
        assert.equal(cgi.settings.get('MotionDetect[0].Enable'), 'false');
        await assert.rejects(run('dahuaConfig', { configName: 'Nothing' }), { code: 'REQUEST_INVALID' });
    });

    it('moves, opens, switches and shows', async () => {
        await run('dahuaPtz', { code: 'GotoPreset', arg2: 3 });
        await run('dahuaDoor', {});
        await run('dahuaOutput', { port: 1, mode: 'on' });
        assert.deepEqual(cgi.commands, ['ptz start GotoPreset 3', 'door openDoor 1']);
        assert.equal(cgi.settings.get('AlarmOut[0].Mode'), '1');
        assert.deepEqual(await run('dahuaInputs'), { value: 5, active: [1, 3] });
        assert.equal(((await run('dahuaSnapshot')) as unknown as Buffer)[0], 0xff);
        assert.equal(await run('dahuaTime'), '2026-11-20 12:00:00');
    });

    it('hands out all its recordings, and its finder is given back', async () => {
        const span = { startTime: '2026-11-20T00:00:00Z', endTime: '2026-11-21T00:00:00Z' };
        const files = (await run('dahuaRecordings', span)) as unknown as { FilePath: string }[];
        assert.equal(files.length, 130);
        assert.equal(cgi.finders.size, 0);
        assert.equal(
            ((await run('dahuaDownload', { file: files[0]!.FilePath })) as unknown as Buffer).toString(),
            'DHAV',
        );
        await assert.rejects(run('dahuaDownload', { file: '/mnt/../etc/passwd' }), { code: 'PARAMETER_INVALID' });
    });
});

describe('the table of ready operations', () => {
    it('moves nothing in the world with a request that may be repeated', () => {
        for (const [id, operation] of Object.entries(OPERATIONS)) {
            const moves =
                /^(?:ptz(?!Presets|Position)|door(?!Status)|ioOutput(?!s|Status)|panel(?:Arm|Disarm|Clear|Bypass|Recover|Output$))/;
            if (moves.test(id) || /(?:reboot|remoteCheck|callSignal|hangUp|audioPlay)/i.test(id)) {
                assert.equal(operation.physical, true, id);
            }
        }
    });
});
