import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alert, bench, body, read, readOne, textPart } from './support';

describe('what every event says', () => {
    it('names its device, channel, type, kind and state', () => {
        const event = readOne(body('lineCrossing.xml'), { receivedFrom: '198.51.100.7' });
        assert.deepEqual(event.device, {
            mac: '00:00:5e:00:53:42',
            serial: 'DS-2CD000020260101AAWR000000042',
            address: '198.51.100.7',
        });
        assert.equal(event.vendor, 'hikvision');
        assert.equal(event.via, 'alarm-http');
        assert.equal(event.channel, 1);
        assert.equal(event.type, 'linedetection');
        assert.equal(event.kind, 'line-crossing');
        assert.equal(event.family, 'perimeter');
        assert.equal(event.state, 'active');
        assert.equal(event.time, '2026-07-02T14:27:59+08:00');
        assert.equal(event.timeQuality, 'offset');
        assert.equal(event.receivedAt, '2026-11-20T12:00:00.000Z');
        assert.equal(event.replay, false);
        assert.equal('channelName' in event, false);
        assert.equal('deviceTime' in event, false);
    });

    it('prefers what is configured of the device to what it says of itself', () => {
        const event = readOne(body('access.json'), { device: { name: 'Gate', address: '10.0.0.5' } });
        assert.deepEqual(event.device, {
            name: 'Gate',
            address: '10.0.0.5',
            mac: '00:00:5e:00:53:47',
            serial: 'K00000047',
        });
    });

    it('takes the name a terminal gives itself where nobody gave it one', () => {
        assert.equal(readOne(body('access.json')).device.name, 'PORTARIA');
    });

    it('pads a hardware address and drops one that is a mask or a word', () => {
        const mac = (text: string) => readOne(alert({ eventType: 'VMD', macAddress: text })).device.mac;
        assert.equal(mac('4c:f:6E:1:0:a'), '4c:0f:6e:01:00:0a');
        assert.equal(mac('4C-0F-6E-01-00-0A'), '4c:0f:6e:01:00:0a');
        assert.equal(mac('4c0f6e01000a'), '4c:0f:6e:01:00:0a');
        for (const text of ['ff:ff:ff:ff:ff:ff', '0000:0000:0000', '00:00:00:00:00:00', 'banana', '***', '4c:0f']) {
            assert.equal(mac(text), undefined, text);
        }
    });

    it('has no port, which some cameras write with its bytes swapped', () => {
        const swapped = alert({ eventType: 'VMD', portNo: 20480 });
        assert.equal(JSON.stringify(readOne(swapped)).includes('20480'), false);
        assert.deepEqual(readOne(swapped).device, readOne(alert({ eventType: 'VMD', portNo: 80 })).device);
    });

    it('passes names on as they come, cut and without their accents', () => {
        const cut = "ENTRADA DE SERVI'CO DO EDIFI'CIO";
        assert.equal(cut.length, 32);
        const named = { eventType: 'AccessControllerEvent', channelName: cut };
        const inner = { majorEventType: 5, subEventType: 75, name: "JOA~O DE S'A", employeeNoString: '0007' };
        const event = readOne(JSON.stringify({ ...named, AccessControllerEvent: inner }));
        assert.equal(event.channelName, cut);
        assert.equal(event.person?.name, "JOA~O DE S'A");
    });

    it('reads an alarm input that a camera pushed without a channel', () => {
        const event = readOne(body('ioPushed.xml'));
        assert.equal(event.kind, 'alarm-input');
        assert.equal(event.family, 'io');
        assert.equal(event.channel, null);
        assert.deepEqual(event.io, { input: 2 });
        const recorder = readOne(alert({ eventType: 'IO', inputIOPortID: 0, dynInputIOPortID: 702 }));
        assert.deepEqual(recorder.io, { input: 702 });
    });

    it('passes on a type it does not know, with all it can read of it', () => {
        const event = readOne(alert({ eventType: 'brandNewDetection', targetType: 'vehicle' }));
        assert.equal(event.type, 'brandNewDetection');
        assert.equal(event.kind, 'brandnewdetection');
        assert.equal(event.family, 'unknown');
        assert.equal(event.state, 'active');
        assert.equal(event.target, 'vehicle');
    });

    it('reads JSON that is wrapped in the name of the alert, and lists of alerts', () => {
        const inner = { eventType: 'VMD', eventState: 'inactive', channelID: '3', dateTime: '2026-11-20T12:00:00Z' };
        const event = readOne(JSON.stringify({ EventNotificationAlert: inner }));
        assert.deepEqual([event.channel, event.state, event.kind], [3, 'inactive', 'motion']);
        assert.equal(read(JSON.stringify([inner, { ...inner, channelID: 4 }])).length, 2);
    });

    it('reads several alerts of one body as several events', () => {
        const one = alert({ eventType: 'VMD', channelID: 1 });
        const two = alert({ eventType: 'VMD', channelID: 2 });
        assert.deepEqual(
            read(one + two).map(({ channel }) => channel),
            [1, 2],
        );
        assert.equal(read(`<EventNotificationAlertList>${one}${two}</EventNotificationAlertList>`).length, 2);
    });

    it('reads the query string of a listening host', () => {
        const event = readOne(
            'eventType=ANPR&channelID=2&dateTime=2026-11-20T12%3A00%3A00%2B01%3A00&licensePlate=00-AA-7&lane=1&direction=reverse&confidenceLevel=90&macAddress=00%3A00%3A5e%3A00%3A53%3A60',
        );
        assert.equal(event.kind, 'plate');
        assert.equal(event.channel, 2);
        assert.equal(event.time, '2026-11-20T12:00:00+01:00');
        assert.equal(event.device.mac, '00:00:5e:00:53:60');
        assert.deepEqual(event.plate, { number: '00-AA-7', confidence: 90, lane: 1, direction: 'reverse' });
    });

    it('keeps the original beside the event', () => {
        const { reader, occurrences } = bench();
        const text = alert({ eventType: 'VMD' });
        reader.part(textPart(text, { headers: { 'content-type': 'application/xml' }, contentType: 'application/xml' }));
        const [{ raw } = { raw: undefined }] = occurrences;
        assert.equal(raw?.format, 'xml');
        assert.equal(raw?.text, text);
        assert.deepEqual(raw?.headers, { 'content-type': 'application/xml' });
        assert.match(JSON.stringify(raw?.object), /^\{"EventNotificationAlert":\{"@version":"2.0","ipAddress"/);
        assert.equal('data' in raw!, false);
    });

    it('keeps the bytes where their charset is not what it says, and warns', () => {
        const bytes = Buffer.from(alert({ eventType: 'VMD', channelName: 'P\u00a7teo' }), 'latin1');
        const { reader, occurrences } = bench();
        reader.part(textPart(bytes, { charset: 'utf-8' }));
        assert.equal(occurrences[0]?.event.channelName, 'P\ufffdteo');
        assert.equal(occurrences[0]?.event.warnings?.length, 1);
        assert.deepEqual(occurrences[0]?.raw.data, bytes);
        assert.equal(readOne(bytes, { textFallback: 'windows-1252' }).channelName, 'P§teo');
    });
});

describe('channels', () => {
    const channel = (fields: Record<string, unknown>, proxies?: number[]) =>
        readOne(alert({ eventType: 'VMD', channelID: undefined, ...fields }), {
            recorder: proxies === undefined ? undefined : { proxyChannels: new Set(proxies) },
        }).channel;

    it('are the dynamic one, or the other where that is missing, empty or 0', () => {
        assert.equal(channel({ dynChannelID: 7 }), 7);
        assert.equal(channel({ dynChannelID: 7, channelID: 1 }), 7);
        assert.equal(channel({ dynChannelID: '', channelID: 3 }), 3);
        assert.equal(channel({ dynChannelID: 0, channelID: 3 }), 3);
    });

    it('are null for the device itself', () => {
        for (const fields of [{}, { channelID: '' }, { channelID: 0 }, { channelID: 'D1' }, { channelID: -1 }]) {
            assert.equal(channel(fields), null);
        }
    });

    it('count from 33 only on a recorder that has such a camera', () => {
        assert.equal(channel({ channelID: 34 }, [1, 2]), 2);
        assert.equal(channel({ channelID: 34 }, [1]), 34);
        assert.equal(channel({ channelID: 34 }), 34);
        assert.equal(readOne(body('psiaRecorder.xml'), { recorder: { proxyChannels: new Set([2]) } }).channel, 2);
    });
});

describe('perimeter and motion', () => {
    it('place the event in the picture, from 0 to 1', () => {
        const event = readOne(body('intrusionHuman.xml'));
        assert.equal(event.kind, 'intrusion');
        assert.equal(event.target, 'human');
        assert.deepEqual(event.targetRect, { x: 0.475, y: 0.4, width: 0.05, height: 0.1 });
        assert.deepEqual(event.regions, [
            {
                id: '2',
                sensitivity: 50,
                target: 'human',
                rect: { x: 0.475, y: 0.4, width: 0.05, height: 0.1 },
                points: [
                    [0, 1],
                    [0.25, 0.125],
                    [1, 0.5],
                ],
            },
        ]);
    });

    it('read whole numbers as thousandths', () => {
        const rect = { X: 100, Y: 200, width: 300, height: 400 };
        const text = alert({ eventType: 'VMD', TargetRect: rect });
        assert.deepEqual(readOne(text).targetRect, { x: 0.1, y: 0.2, width: 0.3, height: 0.4 });
    });

    it('leave out coordinates whose scale nobody can know', () => {
        const text = alert({ eventType: 'VMD', TargetRect: { x: 1200, y: 10, width: 20, height: 20 } });
        assert.equal('targetRect' in readOne(text), false);
    });

    it('say what moved, also for a recorder that filters motion', () => {
        for (const [word, target] of [
            ['human', 'human'],
            ['vehicle', 'vehicle'],
            ['others', 'other'],
            ['nonMotor', 'nonMotor'],
        ]) {
            assert.equal(readOne(alert({ eventType: 'VMD', targetType: word, activePostCount: 0 })).target, target);
        }
    });

    it('survive empty regions', () => {
        const empty = { DetectionRegionEntry: { regionID: '', RegionCoordinatesList: '' } };
        const event = readOne(alert({ eventType: 'fielddetection', DetectionRegionList: empty }));
        assert.deepEqual(event.regions, [{ points: [] }]);
        assert.equal('regions' in readOne(alert({ eventType: 'fielddetection', DetectionRegionList: '' })), false);
    });

    it('take a continued event for what it continues', () => {
        const text = alert({ eventType: 'duration', DurationList: { Duration: { relationEvent: 'fielddetection' } } });
        const event = readOne(text);
        assert.deepEqual([event.type, event.kind, event.family], ['duration', 'intrusion', 'perimeter']);
        assert.equal(readOne(alert({ eventType: 'duration' })).kind, 'duration');
    });
});

describe('plates', () => {
    it('keep every digit and say what the camera knows', () => {
        const event = readOne(body('anpr.xml'));
        assert.equal(event.kind, 'plate');
        assert.equal(event.state, 'pulse');
        assert.equal(event.target, 'vehicle');
        assert.deepEqual(event.plate, {
            number: '007ABC',
            original: '007ABC',
            country: '46',
            region: '46',
            confidence: 97,
            lane: 2,
            direction: 'forward',
            color: 'white',
            list: 'residents',
            rect: { x: 0.413, y: 0.241, width: 0.026, height: 0.01 },
            vehicle: { index: '43', vehicleType: 'vehicle', speed: '31', vehileModel: '0', barrierGateCtrlType: '0' },
            illegal: { code: '0', name: 'Normal' },
        });
        assert.deepEqual(event.targetRect, { x: 0.3, y: 0.1, width: 0.25, height: 0.3 });
        assert.equal(event.time, '2026-03-21T13:14:30.417+01:00');
        assert.equal(event.device.serial, 'DS-TCG406-E20260101AIFA0000001');
        assert.equal(event.id, 'plate-6caa1332-1dd2-11b2-8bae-000053400001');
    });

    it('are null where nothing could be read', () => {
        for (const word of ['unknown', '']) {
            const event = readOne(alert({ eventType: 'ANPR', ANPR: { licensePlate: word, direction: 'sideways' } }));
            assert.equal(event.plate?.number, null);
            assert.equal(event.plate?.direction, 'unknown');
        }
    });

    it('may be counted in pixels where the camera names its resolution', () => {
        const picture = { plateRect: { X: 1344, Y: 776, width: 268.8, height: 155.2 } };
        const text = alert({
            eventType: 'ANPR',
            ANPR: { licensePlate: 'A1', pictureInfoList: { pictureInfo: picture } },
            detectionBackgroundImageResolution: { width: 2688, height: 1552 },
        });
        assert.deepEqual(readOne(text).plate?.rect, { x: 0.5, y: 0.5, width: 0.1, height: 0.1 });
    });
});

describe('people counting', () => {
    it('reads a window with children and without a namespace', () => {
        const event = readOne(body('countingRange.xml'));
        assert.equal(event.kind, 'people-counting');
        assert.equal(event.state, 'pulse');
        assert.deepEqual(event.counting, {
            enter: 12,
            exit: 9,
            duplicate: 1,
            childEnter: 2,
            childExit: 0,
            mode: 'timeRange',
            region: '1',
            from: '2026-06-05T10:00:00+08:00',
            to: '2026-06-05T10:15:00+08:00',
        });
    });

    it('reads the counts since midnight', () => {
        const counts = {
            statisticalMethods: 'realTime',
            RealTime: { time: '2026-11-20T12:00:00+01:00' },
            enter: 70,
            exit: 75,
            pass: 3,
        };
        const event = readOne(alert({ eventType: 'PeopleCounting', peopleCounting: counts }));
        assert.deepEqual(event.counting, { enter: 70, exit: 75, pass: 3, mode: 'realTime' });
    });
});

describe('faces', () => {
    it('are one event each, with what the analytics see', () => {
        const events = read(body('faceCapture.json'));
        assert.equal(events.length, 2);
        assert.deepEqual(events[1]?.person, {
            gender: 'male',
            age: 'middle',
            mask: 'no',
            glasses: 'sunglasses',
            expression: 'happy',
            rect: { x: 0.6, y: 0.318, width: 0.041, height: 0.068 },
        });
        assert.equal(events[0]?.target, 'face');
        assert.equal(events[0]?.channel, 8);
        assert.equal(events[0]?.device.name, 'Recorder');
        assert.equal(events[0]?.state, 'pulse');
        assert.notEqual(events[0]?.id, events[1]?.id);
    });

    it('are who the library says, by the best candidate', () => {
        const event = readOne(body('alarmResult.json'));
        assert.equal(event.kind, 'face-comparison');
        assert.deepEqual(event.person, {
            id: '0000007',
            name: 'Rui Exemplo',
            type: 'blackList',
            similarity: 0.9,
            library: 'employees',
            gender: 'male',
            rect: { x: 0.482, y: 0.036, width: 0.028, height: 0.054 },
        });
    });

    it('resemble somebody by 0 to 1, also where the camera counts to 100', () => {
        const alike = (similarity: unknown) => {
            const identify = [{ candidate: [{ similarity, reserve_field: { name: 'Ana' } }] }];
            const compared = [{ FDLibThreshold: 70, faces: [{ faceId: 1, identify }] }];
            return readOne(JSON.stringify({ eventType: 'alarmResult', alarmResult: compared })).person?.similarity;
        };
        for (const sent of [0.91, '0.91', 91, '91']) assert.equal(alike(sent), 0.91, String(sent));
        assert.equal(alike(1), 1);
        for (const sent of [-1, 101, 'high', '']) assert.equal(alike(sent), undefined, String(sent));
    });

    it('are nobody where the comparison failed', () => {
        const failed = {
            errorCode: 1073750078,
            errorMsg: 'contrastFailed',
            faces: { faceId: 3, identify: { maxsimilarity: 12 } },
        };
        const event = readOne(JSON.stringify({ eventType: 'alarmResult', alarmResult: failed }));
        assert.deepEqual(event.person, { similarity: 0.12 });
    });
});

describe('mixed targets', () => {
    it('are one event each', () => {
        const [human, vehicle] = read(body('mixedTarget.json'));
        assert.equal(human?.kind, 'mixed-target');
        assert.equal(human?.target, 'human');
        assert.deepEqual(human?.person, { gender: 'male', glasses: 'no' });
        assert.deepEqual(human?.targetRect, { x: 0, y: 0, width: 0.25, height: 0.5 });
        assert.equal(human?.time, '2026-11-14T15:27:00+08:00');
        assert.equal(human?.deviceTime, '2026-11-14T15:27+08:00');
        assert.equal(vehicle?.target, 'vehicle');
        assert.deepEqual(vehicle?.plate, { number: '00TEST7', confidence: 88 });
        assert.deepEqual(vehicle?.targetRect, { x: 0.3, y: 0.4, width: 0.2, height: 0.1 });
    });
});

describe('temperatures', () => {
    it('stand in the region, as objects where lists might be', () => {
        const event = readOne(body('tmpa.json'));
        assert.equal(event.kind, 'temperature-pre-alarm');
        assert.equal(event.family, 'thermal');
        assert.deepEqual(event.thermal, {
            unit: 'celsius',
            value: 71.5,
            threshold: 60,
            rule: 'highest temperature is higher than',
            x: 0.41,
            y: 0.62,
        });
        assert.deepEqual(event.regions?.[0]?.points, [
            [0.2, 0.3],
            [0.4, 0.5],
        ]);
        assert.equal(event.time, '2026-04-05T06:07:08-06:00');
        assert.equal('mac' in event.device, false);
    });

    it('stand beside the regions too', () => {
        const tma = { thermometryUnit: 'celsius', ruleTemperature: 60, currTemperature: '64.5' };
        const event = readOne(JSON.stringify({ eventType: 'TMA', eventState: 'active', TMA: tma }));
        assert.deepEqual(event.thermal, { unit: 'celsius', value: 64.5, threshold: 60 });
    });
});

describe('sounds', () => {
    it('say what they are and how loud', () => {
        const inner = { alarmType: 'audioInputException', audioDecibel: 61 };
        const event = readOne(alert({ eventType: 'audioexception', AudioExceptionDetection: inner }));
        assert.deepEqual(event.audio, { type: 'audioInputException', decibel: 61 });
    });
});

describe('alarm panels', () => {
    it('send the inner object alone', () => {
        const inner = {
            code: 1401,
            name: 'Maria',
            type: 'armAndDisarm',
            trigger: '2026-11-20T12:33:56+01:00',
            system: 1,
            subSystemName: 'Home',
        };
        const event = readOne(JSON.stringify({ CIDEvent: inner }));
        assert.equal(event.type, 'CIDEvent');
        assert.equal(event.kind, 'alarm-panel');
        assert.equal(event.family, 'panel');
        assert.equal(event.state, 'pulse');
        assert.equal(event.time, '2026-11-20T12:33:56+01:00');
        assert.equal(event.description, 'Disarmed');
        assert.deepEqual(event.panel, {
            code: '1401',
            action: 'event',
            name: 'Maria',
            type: 'armAndDisarm',
            subsystem: 1,
            subsystemName: 'Home',
            user: 'Maria',
        });
    });

    it('count their zones from 0', () => {
        const inner = { code: 3103, type: 'zoneAlarm', zone: 0, zoneName: 'North' };
        const event = readOne(JSON.stringify({ eventType: 'cidEvent', eventState: 'active', CIDEvent: inner }));
        assert.deepEqual(event.panel, {
            code: '3103',
            action: 'restore',
            type: 'zoneAlarm',
            zone: 0,
            zoneName: 'North',
        });
    });

    it('may speak XML', () => {
        const event = readOne(body('cidAlarm.xml'));
        assert.deepEqual(event.panel, { code: '1130', action: 'event', zone: 0 });
        assert.equal(event.time, '2026-08-09T22:23:24+02:00');
        assert.equal(event.family, 'panel');
    });

    it('tell the state of a zone', () => {
        const zone = {
            id: 1,
            name: 'Kitchen ',
            status: 'trigger',
            subSystemNo: 2,
            zoneType: 'Instant',
            detectorType: 'magneticContact',
        };
        for (const sent of [{ zoneUpdate: zone }, zone]) {
            const event = readOne(JSON.stringify(sent));
            assert.equal(event.kind, 'zone');
            assert.deepEqual([event.panel?.zone, event.panel?.zoneName, event.panel?.subsystem], [1, 'Kitchen ', 2]);
            assert.equal(event.panel?.status?.status, 'trigger');
        }
    });

    it('are only there when they say inactive and nothing else', () => {
        assert.equal(readOne('{"eventType":"cidEvent","eventState":"inactive"}').state, 'inactive');
    });

    it('may be radars', () => {
        const target = { targetID: 25, targetType: 'people', Coordinate: { angle: 101.4, distance: 24.5 } };
        const text = JSON.stringify({
            macAddress: 'word',
            channelID: 1,
            eventType: 'MultiRadarTargetEvent',
            eventState: 'active',
            MultiRadarTargetEventList: [target, { ...target, targetID: 26 }],
        });
        const events = read(text);
        assert.equal(events.length, 2);
        assert.equal(events[0]?.target, 'human');
        assert.equal(events[0]?.state, 'pulse');
        assert.deepEqual(events[0]?.panel?.status, target);
    });
});
