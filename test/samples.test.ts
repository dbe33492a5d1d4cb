import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, it } from 'node:test';
import type { Occurrence } from '../events/deviceEvent';
import { EventReader } from '../events/eventReader';
import { readJson } from '../protocols/documents/readJson';
import { readXml } from '../protocols/documents/readXml';
import { listOf } from '../protocols/documents/values';
import { faultCodeOf, readIsapiStatus } from '../protocols/isapi/responseStatus';
import { boundaryOf } from '../protocols/multipart/boundary';
import { PartSplitter } from '../protocols/multipart/partSplitter';
import { NOON, textPart } from './events/support';
import { ManualClock } from './support/manualClock';
import { packageRoot } from './support/packageRoot';
import { Random } from './support/random';

// Captured traffic of real devices lies beside the checkout where it was given to us; it is not ours to publish.
const folder = process.env.VIGIA_SAMPLES ?? join(packageRoot, '..', 'shared', 'samples');
const given = existsSync(folder);

interface Read {
    occurrences: Occurrence[];
    heartbeats: number;
    unreadable: string[];
}

/** Feeds bytes to a reader, split as they might arrive. */
function readStream(bytes: Buffer, sizes: () => number, boundary?: string): Read {
    const read: Read = { occurrences: [], heartbeats: 0, unreadable: [] };
    const reader = new EventReader({
        via: 'alertstream',
        device: {},
        clock: new ManualClock(NOON),
        assumedOffset: 0,
        onOccurrence: (occurrence) => read.occurrences.push(occurrence),
        onHeartbeat: () => {
            read.heartbeats += 1;
        },
        onUnreadable: (_part, reason) => read.unreadable.push(reason),
    });
    const splitter = new PartSplitter({ boundary, onPart: (part) => reader.part(part) });
    for (let at = 0; at < bytes.length; ) {
        const size = sizes();
        splitter.feed(bytes.subarray(at, at + size));
        at += size;
    }
    splitter.end();
    reader.close();
    return read;
}

/** The events of one document, as a push would bring them. */
function readDocument(bytes: Buffer): Read {
    const read: Read = { occurrences: [], heartbeats: 0, unreadable: [] };
    const reader = new EventReader({
        via: 'alarm-http',
        device: {},
        clock: new ManualClock(NOON),
        assumedOffset: 120,
        onOccurrence: (occurrence) => read.occurrences.push(occurrence),
        onHeartbeat: () => {
            read.heartbeats += 1;
        },
        onUnreadable: (_part, reason) => read.unreadable.push(reason),
    });
    reader.body({ parts: [textPart(bytes)] });
    reader.close();
    return read;
}

type Expectation = (bytes: Buffer) => void;

/** One event with these fields, given as paths. */
function event(fields: Record<string, unknown>): Expectation {
    return (bytes) => {
        const { occurrences, heartbeats, unreadable } = readDocument(bytes);
        assert.deepEqual([occurrences.length, heartbeats, unreadable], [1, 0, []]);
        const [{ event: read, raw }] = occurrences as [Occurrence];
        for (const [path, expected] of Object.entries(fields)) {
            let value: unknown = read;
            for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
            assert.deepEqual(value, expected, path);
        }
        assert.equal('warnings' in read, false);
        assert.equal(raw.text, bytes.toString());
    };
}

const heartbeat: Expectation = (bytes) => {
    const { occurrences, heartbeats, unreadable } = readDocument(bytes);
    assert.deepEqual([occurrences.length, heartbeats, unreadable], [0, 1, []]);
};

/** How often each kind comes in each state, and how many heartbeats; the same in every chunking. */
function stream(boundary: string | undefined, heartbeats: number, counts: Record<string, number>): Expectation {
    return (bytes) => {
        const random = new Random(7);
        const whole = readStream(bytes, () => bytes.length, boundary);
        const counted: Record<string, number> = {};
        for (const { event: read } of whole.occurrences) {
            const key = `${read.kind} ${read.state} ${read.channel}`;
            counted[key] = (counted[key] ?? 0) + 1;
        }
        assert.deepEqual(counted, counts);
        assert.equal(whole.heartbeats, heartbeats);
        assert.deepEqual(whole.unreadable, []);
        for (const sizes of [() => 1, () => 7, () => random.integer(1, 3000)]) {
            for (const known of [boundary, undefined]) assert.deepEqual(readStream(bytes, sizes, known), whole);
        }
    };
}

/** A document that is no event: its root element or first key, and what a reader of it must find. */
function document(root: string, check: (content: never) => void = () => undefined): Expectation {
    return (bytes) => {
        const text = bytes.toString();
        const object = (/^\s*</.test(text) ? readXml(text) : readJson(text)) as Record<string, unknown>;
        assert.deepEqual(Object.keys(object)[0], root);
        check(object[root] as never);
        const { occurrences, unreadable } = readDocument(bytes);
        assert.deepEqual([occurrences.length, unreadable], [0, [`${root} is no event`]]);
    };
}

function head(check: (lines: string[]) => void): Expectation {
    return (bytes) => {
        check(bytes.toString().split(/\r?\n/));
        const { occurrences, unreadable } = readStream(bytes, () => 1);
        assert.deepEqual([occurrences, unreadable], [[], []]);
    };
}

const MOTION = { type: 'VMD', kind: 'motion', family: 'motion', state: 'active' };
const LINE = { type: 'linedetection', kind: 'line-crossing', family: 'perimeter', channel: 1 };
const ACCESS = {
    type: 'AccessControllerEvent',
    kind: 'access',
    state: 'pulse',
    replay: true,
    'device.name': 'LEITOR FUNDOS',
};
const PANEL = { type: 'CIDEvent', kind: 'alarm-panel', family: 'panel', state: 'pulse' };

/** Every file of the folder stands here: a new capture without an expectation fails the last test. */
const EXPECTATIONS: Record<string, Expectation> = {
    'acs-search/sp_K1T342MWX_AcsEvent_MORE_277.json': (bytes) => {
        const answer = readJson(bytes.toString()) as {
            AcsEvent: { InfoList: Record<string, unknown>[]; totalMatches: number };
        };
        assert.equal(answer.AcsEvent.totalMatches, 277);
        const occurrences: Occurrence[] = [];
        const options = {
            via: 'alertstream' as const,
            device: { mac: '00:00:5e:00:53:0a' },
            clock: new ManualClock(NOON),
        };
        const reader = new EventReader({ ...options, onOccurrence: (occurrence) => occurrences.push(occurrence) });
        reader.history(answer.AcsEvent.InfoList);
        assert.equal(occurrences.length, 20);
        assert.equal(new Set(occurrences.map((occurrence) => occurrence.event.id)).size, 20);
        const faces = occurrences.filter((occurrence) => occurrence.event.person !== undefined);
        for (const { event: read, links } of faces) {
            assert.equal(read.access?.code, 'MINOR_FACE_VERIFY_PASS');
            assert.match(read.person!.id!, /^0{8}176\d$/);
            assert.match(links![0]!.url, /@WEB\d{12}$/);
            assert.equal(links![0]!.url, read.access?.pictureUrl);
        }
        assert.deepEqual(
            occurrences.slice(3, 6).map((occurrence) => occurrence.event.access?.minor),
            [24, 23, 21],
        );
    },
    'alertstream/hs_cam_first120.recon.bin': stream('boundary', 47, {
        'motion active 1': 40,
        'motion inactive 1': 4,
        'line-crossing active 1': 25,
        'line-crossing inactive 1': 4,
    }),
    'alertstream/hs_nvr_first300.recon.bin': stream('boundary', 0, {
        'video-loss active 16': 172,
        'motion active 15': 79,
        'motion active 7': 26,
        'motion active 4': 23,
    }),
    'alertstream/pyhik62_mixed.recon.bin': stream('boundary', 1, { 'intrusion active 1': 2 }),
    'alertstream/sp_K1T342MWX_replay_first16.recon.bin': stream('MIME_boundary', 0, { 'access pulse 1': 16 }),
    'alertstream/tox15_annke_head.http': head((lines) => {
        assert.equal(boundaryOf(lines[2]?.replace('Content-Type: ', '')), 'hikboundary');
    }),
    'auth/hx_SessionLoginCap.xml': document('SessionLoginCap', (content: Record<string, string>) => {
        assert.equal(content.iterations, '100');
        assert.equal(content.salt2?.length, 64);
    }),
    'deviceinfo/pf148_DS-K1T341AM.xml': document('DeviceInfo', (content: Record<string, string>) => {
        assert.equal(content.model, 'DS-K1T341AM');
        assert.equal(content.electroLockNum, '1');
    }),
    'event-acs/sp_K1T342MWX_2_1024_s1.json': event({
        ...ACCESS,
        'access.code': 'MINOR_DEV_POWER_ON',
        'access.result': 'system',
        'access.serial': 1,
        'access.previousSerial': 0,
        time: '2025-06-22T10:26:22-04:00',
        person: undefined,
    }),
    'event-acs/sp_K1T342MWX_3_112_s10.json': event({
        ...ACCESS,
        'access.code': 'MINOR_REMOTE_LOGIN',
        'access.result': 'system',
        'access.remoteAddress': '192.0.2.100',
    }),
    'event-acs/sp_K1T342MWX_5_75_s18.json': event({
        ...ACCESS,
        id: 'access-00005e00530a-18-5.75',
        'access.result': 'granted',
        'access.door': undefined,
        'access.method': 'cardOrFace',
        'person.id': '000000001764',
        'person.name': 'MARIA EXEMPLO',
        'person.rect': { x: 0.5, y: 0.049, width: 0.111, height: 0.196 },
        'device.mac': '00:00:5e:00:53:0a',
    }),
    'event-cid/hx_axpro_status_payloads.json': document('zone_status_wireless', (content: Record<string, unknown>) => {
        assert.equal(content.name, 'vstupní dveře ');
    }),
    'event-cid/ul_MultiRadarTargetEvent.json': event({
        type: 'MultiRadarTargetEvent',
        kind: 'radar-target',
        family: 'panel',
        target: 'human',
        'device.mac': undefined,
        time: '2012-01-13T04:32:47+01:00',
        'panel.status.targetID': 25,
    }),
    'event-cid/ul_axpro_CIDEvent_disarm.json': event({
        ...PANEL,
        'panel.code': '1401',
        'panel.action': 'event',
        'panel.user': 'MarioEsempio',
        'panel.subsystemName': 'Casa',
        time: '2022-12-22T17:33:56+01:00',
    }),
    'event-cid/ul_axpro_zoneStatus.json': event({
        kind: 'zone',
        family: 'panel',
        'panel.zone': 1,
        'panel.zoneName': 'Zona cablata 2',
        'panel.status.magnetOpenStatus': true,
    }),
    'event-cid/ult49_axpro_arm_CID3441.json': event({
        ...PANEL,
        'panel.code': '3441',
        'panel.action': 'restore',
        'panel.subsystem': 1,
        time: '2023-03-13T13:59:00+01:00',
    }),
    'event-counting/du_peoplecounting_realtime.xml': event({
        kind: 'people-counting',
        family: 'counting',
        state: 'pulse',
        counting: { enter: 70, exit: 75, childEnter: 0, childExit: 0, mode: 'realTime', region: '1' },
    }),
    'event-face/tropicoo204_nvr_faceCapture.partial.json': event({
        kind: 'face-capture',
        channel: 8,
        channelName: 'ACCESO PRINCIPAL',
        'device.name': 'NVR ALMACEN1',
        'person.glasses': 'sunglasses',
        'person.age': 'middle',
        'person.expression': 'happy',
    }),
    'event-xml/doc_heartBeat_subscribe.xml': heartbeat,
    'event-xml/hn313_vmd_targetType_human.xml': event({
        ...MOTION,
        channel: 2,
        target: 'human',
        channelName: 'Camera 02',
    }),
    'event-xml/hs_cam_heartbeat_videoloss_inactive.xml': heartbeat,
    'event-xml/hs_cam_linedetection_active.xml': event({
        ...LINE,
        state: 'active',
        regions: [
            {
                id: '1',
                sensitivity: 50,
                points: [
                    [0.424, 0.642],
                    [0.161, 0.61],
                ],
            },
        ],
        'device.serial': 'DS-2CD2185FWD-I20180101AAWR111111111',
        channelName: undefined,
    }),
    'event-xml/hs_cam_linedetection_inactive.xml': event({ ...LINE, state: 'inactive', regions: undefined }),
    'event-xml/hs_cam_vmd_active.xml': event({ ...MOTION, channel: 1 }),
    'event-xml/hs_cam_vmd_inactive.xml': event({ ...MOTION, channel: 1, state: 'inactive' }),
    'event-xml/hs_nvr_fielddetection.xml': event({ kind: 'intrusion', channel: 7, state: 'active' }),
    'event-xml/hs_nvr_videoloss_active.xml': event({
        kind: 'video-loss',
        family: 'health',
        channel: 16,
        state: 'active',
    }),
    'event-xml/hs_nvr_vmd_active_ch10.xml': event({ ...MOTION, channel: 10 }),
    'event-xml/hs_nvr_vmd_active_ch7.xml': event({ ...MOTION, channel: 7 }),
    'event-xml/pyhik14_heartbeat.xml': heartbeat,
    'event-xml/pyhik16_kb6003_other_heartbeat.xml': heartbeat,
    'event-xml/pyhik62_duration_driveway.xml': event({ type: 'duration', kind: 'intrusion', channelName: 'Driveway' }),
    'event-xml/pyhik62_fielddetection_human.xml': event({ kind: 'intrusion', target: 'human', state: 'active' }),
    'event-xml/pyhik62_heartbeat.xml': heartbeat,
    'event-xml/ult105_nvr_vmd.xml': event({ ...MOTION, channel: 5 }),
    'event-xml/ult59_stdcgi_vmd.xml': event({
        ...MOTION,
        channel: 3,
        time: '2024-01-22T11:47:05+00:00',
        timeQuality: 'offset',
        deviceTime: '2024-01-22T11:47:0500:00',
    }),
    'event-xml/ult83_dvr_vmd_no_tz.xml': event({
        ...MOTION,
        channel: 12,
        time: '2025-04-06T14:16:04+02:00',
        timeQuality: 'assumed',
        deviceTime: '2025-04-06T14:16:04',
    }),
    'httphosts-config/doc_httpHosts_list.xml': document(
        'HttpHostNotificationList',
        (content: Record<string, unknown>) => {
            const [slot] = listOf(content, 'HttpHostNotification');
            assert.deepEqual([slot?.id, slot?.url, slot?.ipAddress], ['1', '', '0.0.0.0']);
        },
    ),
    'httphosts-push/hn117_anpr_headers.http': head((lines) => {
        assert.equal(boundaryOf(lines[1]?.replace('Content-Type: ', '')), 'boundary');
    }),
    'httphosts-push/hn317_non_utf8_headers.http': head((lines) => assert.match(lines[1]!, /charset="UTF-8"/)),
    'httphosts-push/io7_fielddetection_noxmldecl.multipart.bin': stream('boundary', 0, { 'intrusion active 1': 1 }),
    'intercom/pyhik77_KD8003_nested_head.http.txt': head((lines) => assert.equal(lines[0], 'Content-Length: 314')),
    'intercom/ul_callerInfo.json': document('CallerInfo'),
    'responsestatus/doc_notSupport.json': status(403, 'NOT_SUPPORTED'),
    'responsestatus/doc_ok.xml': status(200, undefined),
    'responsestatus/pyhik16_403_alertStream.xml': status(403, 'NO_SLOT', true),
    'subscribe/doc_SubscribeEvent_request.xml': document('SubscribeEvent'),
    'triggers/hs_triggers_cam.xml': document('EventTriggerList', triggers(17)),
    'triggers/hs_triggers_nvr.xml': document('EventTriggerList', triggers(121)),
};

function status(httpStatus: number, code: string | undefined, isStream = false): Expectation {
    return (bytes) => {
        const answer = readIsapiStatus(bytes);
        assert.ok(answer !== undefined && 'status' in answer);
        assert.equal(faultCodeOf({ httpStatus, status: answer.status, stream: isStream }), code);
        assert.equal(readDocument(bytes).occurrences.length, 0);
    };
}

function triggers(count: number): (content: never) => void {
    return (content: Record<string, unknown>) => {
        const list = listOf(content, 'EventTrigger');
        assert.equal(list.length, count);
        for (const trigger of list) assert.equal(typeof trigger.eventType, 'string');
    };
}

describe('captured traffic', () => {
    for (const [file, expectation] of Object.entries(EXPECTATIONS)) {
        const path = join(folder, file);
        if (existsSync(path)) it(`is read: ${file}`, () => expectation(readFileSync(path)));
    }

    it('has no file that nobody reads', () => {
        const files = (given ? readdirSync(folder, { recursive: true }) : [])
            .map((name) => String(name))
            .filter((name) => name.includes(sep) && statSync(join(folder, name)).isFile())
            .map((name) => name.split(sep).join('/'));
        assert.deepEqual(
            files.filter((file) => !(file in EXPECTATIONS)),
            [],
        );
    });
});
