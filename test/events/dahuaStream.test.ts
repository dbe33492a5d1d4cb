import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Occurrence } from '../../events/deviceEvent';
import { EventReader } from '../../events/eventReader';
import { eventManagerPath, readDahuaEvents } from '../../protocols/dahua/eventManager';
import { PartSplitter } from '../../protocols/multipart/partSplitter';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

/** A stream as devices frame it: the length with a blank or without, then the text. */
function stream(...texts: string[]): Buffer {
    const part = (text: string) =>
        `--myboundary\r\nContent-Type: text/plain\r\nContent-Length:${Buffer.byteLength(text)}\r\n\r\n${text}\r\n\r\n`;
    return Buffer.from(texts.map(part).join(''));
}

function readStream(bytes: Buffer, chunk = bytes.length) {
    const occurrences: Occurrence[] = [];
    const unreadable: string[] = [];
    let heartbeats = 0;
    const reader = new EventReader({
        via: 'alertstream',
        vendor: 'dahua',
        device: { name: 'gate', address: '127.0.0.1' },
        clock: { now: () => NOW, elapsed: () => NOW, after: () => () => undefined },
        onOccurrence: (occurrence) => occurrences.push(occurrence),
        onHeartbeat: () => {
            heartbeats += 1;
        },
        onUnreadable: (_part, reason) => unreadable.push(reason),
    });
    const splitter = new PartSplitter({ boundary: 'myboundary', onPart: (part) => reader.part(part) });
    for (let at = 0; at < bytes.length; at += chunk) splitter.feed(bytes.subarray(at, at + chunk));
    splitter.end();
    return { occurrences, unreadable, heartbeats: () => heartbeats };
}

const MOTION = 'Code=VideoMotion;action=Start;index=0;data={\n   "Id" : [ 0 ],\n   "RegionName" : [ "Region1" ]\n}\n';
const CROSSING = `Code=CrossLineDetection;action=Start;index=2;data={
   "LocaleTime" : "2026-11-20 11:59:58",
   "Name" : "Rule1",
   "DetectLine" : [ [ 0, 4096 ], [ 8191, 4096 ] ],
   "Object" : { "ObjectID" : 17, "ObjectType" : "Human", "BoundingBox" : [ 819, 1638, 1638, 4096 ] },
   "UTC" : 1763639998
}`;

describe('the event manager of Dahua and Intelbras', () => {
    it('is asked for every code, with a heartbeat', () => {
        assert.equal(eventManagerPath(5), '/cgi-bin/eventManager.cgi?action=attach&codes=[All]&heartbeat=5');
    });

    it('sends lines with code, action, index and data', () => {
        assert.deepEqual(
            readDahuaEvents(
                `${MOTION}Code=NTPAdjustTime;action=Pulse;index=0\r\nCode=AlarmLocal;action=Stop;index=1;data={`,
            ).map(({ code, action, index, data }) => [code, action, index, data !== undefined]),
            [
                ['VideoMotion', 'Start', 0, true],
                ['NTPAdjustTime', 'Pulse', 0, false],
                ['AlarmLocal', 'Stop', 1, false],
            ],
        );
        for (const nonsense of ['', 'Code=', 'Code=<script>;action=Start', 'Heartbeat', '{"Code":"x"}']) {
            assert.deepEqual(readDahuaEvents(nonsense), []);
        }
    });

    it('gives events of the common shape, however the stream is cut', () => {
        const bytes = stream('Heartbeat', MOTION, CROSSING, 'Code=VideoMotion;action=Stop;index=0');
        for (const chunk of [bytes.length, 1, 7, 64]) {
            const { occurrences, heartbeats, unreadable } = readStream(bytes, chunk);
            assert.equal(heartbeats(), 1);
            assert.deepEqual(unreadable, []);
            assert.deepEqual(
                occurrences.map(({ event }) => [event.vendor, event.kind, event.type, event.state, event.channel]),
                [
                    ['dahua', 'motion', 'VideoMotion', 'active', 1],
                    ['dahua', 'line-crossing', 'CrossLineDetection', 'active', 3],
                    ['dahua', 'motion', 'VideoMotion', 'inactive', 1],
                ],
            );
        }
    });

    it('tells target, place and time of what crossed the line', () => {
        const { event, raw } = readStream(stream(CROSSING)).occurrences[0]!;
        assert.equal(event.target, 'human');
        assert.deepEqual(event.targetRect, { x: 0.099988, y: 0.199976, width: 0.099988, height: 0.300085 });
        assert.deepEqual(event.regions, [
            {
                id: 'Rule1',
                points: [
                    [0, 0.500061],
                    [1, 0.500061],
                ],
            },
        ]);
        assert.equal(event.deviceTime, '2026-11-20 11:59:58');
        assert.equal(event.timeQuality, 'assumed');
        assert.match(event.time, /^2026-11-20T11:59:58/);
        assert.ok(raw.text?.startsWith('Code=CrossLineDetection'));
    });

    it('reads plates as text, and lets unknown codes through', () => {
        const plate =
            'Code=TrafficJunction;action=Pulse;index=0;data={"TrafficCar":{"PlateNumber":"007ABC","PlateColor":"White","Lane":2}}';
        const { occurrences } = readStream(stream(plate, 'Code=SomethingNew;action=Pulse;index=0'));
        assert.deepEqual(occurrences[0]?.event.plate, { number: '007ABC', color: 'White', lane: 2 });
        assert.deepEqual(
            [occurrences[1]?.event.kind, occurrences[1]?.event.family, occurrences[1]?.event.state],
            ['somethingnew', 'unknown', 'pulse'],
        );
    });

    it('gives the same occurrence the same id, and others another', () => {
        const ids = (...texts: string[]) => readStream(stream(...texts)).occurrences.map(({ event }) => event.id);
        assert.equal(ids(CROSSING)[0], ids(CROSSING)[0]);
        assert.notEqual(ids(CROSSING)[0], ids(CROSSING.replace('"ObjectID" : 17', '"ObjectID" : 18'))[0]);
    });

    it('survives data that is nonsense or tries to reach the prototype', () => {
        const evil =
            'Code=VideoMotion;action=Start;index=0;data={"__proto__":{"polluted":true},"Object":{"BoundingBox":["x",1,2,3]}}';
        const deep = `Code=VideoMotion;action=Start;index=0;data=${'['.repeat(50_000)}`;
        const { occurrences } = readStream(stream(evil, deep, 'Code=VideoMotion;action=Start;index=-1;data=null'));
        assert.equal(occurrences.length, 3);
        assert.equal(({} as { polluted?: boolean }).polluted, undefined);
        assert.equal(occurrences[2]?.event.channel, null);
    });

    it('says when a part holds no event', () => {
        assert.deepEqual(readStream(stream('something else')).unreadable, ['neither XML nor JSON']);
    });
});
