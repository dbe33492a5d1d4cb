import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bench, picturePart, read, readOne, textPart } from './support';

const CROSSING = `Code=CrossLineDetection;action=Start;index=1;data={
   "EventID" : 10021,
   "Name" : "Rule; action=Stop",
   "Object" : {
      "BoundingBox" : [ 2048, 4096, 4096, 8192 ],
      "ObjectID" : 20530,
      "ObjectType" : "Human"
   },
   "RealUTC" : 1795176000,
   "UTC" : 1795165200
}`;

const ACCESS = {
    Events: [
        {
            Action: 'Pulse',
            Code: 'AccessControl',
            Data: {
                CardName: 'Maria',
                CardNo: '0000ABCD',
                Door: 0,
                ErrorCode: 0,
                Method: 15,
                ReaderID: '1',
                RecNo: 42,
                Similarity: 99,
                SN: 'SERIAL1',
                Status: 1,
                UTC: 1795176000,
                UserID: '0001764',
            },
            Index: 0,
            PhysicalAddress: '00:00:5e:00:53:d1',
        },
    ],
};

describe('events of Dahua and Intelbras', () => {
    it('begin and end on channels that count from 1 here', () => {
        const event = readOne(CROSSING);
        assert.equal(event.vendor, 'dahua');
        assert.equal(event.type, 'CrossLineDetection');
        assert.equal(event.kind, 'line-crossing');
        assert.equal(event.channel, 2);
        assert.equal(event.state, 'active');
        assert.equal(event.target, 'human');
        assert.deepEqual(event.targetRect, { x: 0.250031, y: 0.500061, width: 0.25003, height: 0.499939 });
        assert.equal(event.time, '2026-11-20T12:00:00.000Z');
        assert.equal(event.timeQuality, 'offset');
        assert.equal(event.description, 'Rule; action=Stop');
        assert.equal(readOne('Code=VideoMotion;action=Stop;index=0').state, 'inactive');
    });

    it('keep their own word where it is not in the vocabulary', () => {
        const event = readOne('Code=SomethingNew;action=Pulse;index=0');
        assert.deepEqual([event.kind, event.family, event.state], ['somethingnew', 'unknown', 'pulse']);
    });

    it('let somebody in', () => {
        const event = readOne(JSON.stringify(ACCESS));
        assert.equal(event.kind, 'access');
        assert.equal(event.state, 'pulse');
        assert.deepEqual(event.access, {
            major: 0,
            minor: 0,
            code: 'AccessControl/0',
            text: 'Access granted',
            result: 'granted',
            door: 1,
            reader: 1,
            method: 'face',
            card: '0000ABCD',
            serial: 42,
        });
        assert.deepEqual(event.person, { id: '0001764', name: 'Maria', similarity: 0.99 });
        assert.deepEqual(event.device, { mac: '00:00:5e:00:53:d1', serial: 'SERIAL1' });
        assert.equal(event.timeQuality, 'assumed');
    });

    it('or do not', () => {
        const [sent] = structuredClone(ACCESS.Events);
        Object.assign(sent!.Data, { Status: 0, ErrorCode: 96 });
        const event = readOne(JSON.stringify(sent));
        assert.equal(event.access?.result, 'denied');
        assert.equal(event.access?.minor, 96);
    });

    it('say when they were kept for later', () => {
        const sent = { ...ACCESS.Events[0], DataSource: 'Offline' };
        assert.equal(readOne(JSON.stringify(sent)).replay, true);
    });

    it('bring their picture with them', () => {
        const { reader, occurrences } = bench({ via: 'alarm-http' });
        const info = textPart(JSON.stringify(ACCESS), { name: 'info', contentType: 'text/plain' });
        reader.body({ parts: [info, picturePart()] });
        assert.equal(occurrences[0]?.pictures.length, 1);
        assert.equal(occurrences[0]?.raw.format, 'json');
    });

    it('name the input that was set off', () => {
        const event = readOne('Code=AlarmLocal;action=Start;index=2');
        assert.deepEqual([event.kind, event.channel, event.io], ['alarm-input', null, { input: 3 }]);
    });

    it('read plates', () => {
        const data = { TrafficCar: { PlateNumber: '007ABC', PlateColor: 'White', Lane: 1, Speed: 31 } };
        const event = readOne(`Code=TrafficJunction;action=Pulse;index=0;data=${JSON.stringify(data)}`);
        assert.equal(event.kind, 'plate');
        assert.deepEqual(event.plate, { number: '007ABC', color: 'White', lane: 1, vehicle: { Speed: '31' } });
    });

    it('have heartbeats of one word', () => {
        const { reader, heartbeats, occurrences } = bench();
        reader.part(textPart('Heartbeat\r\n'));
        assert.equal(heartbeats.length, 1);
        assert.deepEqual(occurrences, []);
    });

    it('come several in one body', () => {
        assert.equal(read(`${CROSSING}\nCode=VideoMotion;action=Start;index=0`).length, 2);
    });
});
