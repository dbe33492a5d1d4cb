import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DuplicateWindow } from '../../events/duplicateWindow';
import { hashOf } from '../../events/identity';
import { alert, bench, body, read, readOne, textPart } from './support';

describe('the id of an occurrence', () => {
    it('is the same by stream, by push and by ISUP', () => {
        for (const text of [
            body('lineCrossing.xml'),
            body('anpr.xml'),
            body('access.json'),
            alert({ eventType: 'VMD' }),
        ]) {
            const ids = (['alertstream', 'alarm-http', 'isup'] as const).map((via) => {
                const { reader, events, clock } = bench({ via, device: { name: via, address: via } });
                reader.part(textPart(text));
                clock.advance(2000);
                assert.equal(events.length, 1);
                return events[0]!.id;
            });
            assert.equal(new Set(ids).size, 1, ids.join(' '));
        }
    });

    it('is the same for the row of a terminal’s history', () => {
        const live = readOne(body('access.json'));
        const { reader, events } = bench({ device: { mac: '00:00:5e:00:53:47' } });
        reader.history([
            {
                major: 5,
                minor: 75,
                time: '2026-11-20T14:32:07',
                serialNo: 18,
                doorNo: 1,
                name: 'MARIA EXEMPLO',
                employeeNoString: '0001764',
            },
        ]);
        assert.equal(events[0]?.id, live.id);
        assert.equal(events[0]?.via, 'history');
        assert.equal(events[0]?.replay, true);
        assert.equal(events[0]?.person?.id, live.person?.id);
        assert.equal(events[0]?.access?.code, live.access?.code);
        assert.equal(events[0]?.channel, live.channel);
    });

    it('differs by device, channel, type, time, state and place', () => {
        const variants = [
            {},
            { macAddress: '00:00:5e:00:53:0a' },
            { channelID: 2 },
            { eventType: 'shelteralarm' },
            { dateTime: '2026-11-20T13:00:01+01:00' },
            { eventState: 'inactive' },
            { TargetRect: { x: 0.1, y: 0.1, width: 0.1, height: 0.1 } },
            { DetectionRegionList: { DetectionRegionEntry: { regionID: 2 } } },
        ];
        const ids = variants.map((fields) => readOne(alert({ eventType: 'VMD', ...fields })).id);
        assert.equal(new Set(ids).size, variants.length);
    });

    it('does not depend on the post count, which counts by connection', () => {
        const id = (activePostCount: number) => readOne(alert({ eventType: 'VMD', activePostCount })).id;
        assert.equal(id(1), id(384));
    });

    it('is new each time where the event has no time', () => {
        const text = alert({ eventType: 'VMD', dateTime: undefined });
        const { reader, events, clock } = bench();
        reader.part(textPart(text));
        clock.advance(1);
        reader.part(textPart(text));
        assert.notEqual(events[0]?.id, events[1]?.id);
    });

    it('is short whatever the vendor calls it', () => {
        const uuid = 'A'.repeat(5000);
        assert.ok(readOne(alert({ eventType: 'ANPR', ANPR: { licensePlate: 'X' }, UUID: uuid })).id.length < 40);
    });

    it('spreads over 64 bits', () => {
        const ids = new Set<string>();
        for (let n = 0; n < 50_000; n += 1) ids.add(hashOf(`device|vmd|1|2026-11-20T12:00:${n}`));
        assert.equal(ids.size, 50_000);
        assert.match(hashOf(''), /^[0-9a-f]{16}$/);
    });
});

describe('copies', () => {
    it('of a continued event come out once within a second', () => {
        const duration = (second: string) =>
            alert({
                eventType: 'duration',
                dateTime: `2026-11-20T13:00:${second}+01:00`,
                DurationList: { Duration: { relationEvent: 'fielddetection' } },
            });
        const { reader, events } = bench();
        for (const second of ['47', '47', '48', '55']) reader.part(textPart(duration(second)));
        assert.deepEqual(
            events.map(({ time }) => time.slice(17, 19)),
            ['47', '55'],
        );
        assert.equal(reader.counters.copies, 2);
    });

    it('of a push that was not answered come out once', () => {
        const { reader, events, clock } = bench({ via: 'alarm-http' });
        for (let n = 0; n < 3; n += 1) {
            reader.body({ parts: [textPart(alert({ eventType: 'VMD' }))] });
            clock.advance(1000);
        }
        assert.equal(events.length, 1);
    });

    it('are no repeats: those count on', () => {
        const { reader, events } = bench();
        for (const activePostCount of [1, 2, 3]) reader.part(textPart(alert({ eventType: 'VMD', activePostCount })));
        assert.equal(events.length, 3);
    });

    it('of an access event are known by its serial number for long, those of a reset terminal are none', () => {
        const { reader, events, clock, unreadable } = bench();
        const text = body('access.json').replace('"picturesNumber":\t1', '"picturesNumber":\t0');
        reader.part(textPart(text));
        clock.advance(300_000);
        reader.part(textPart(text.replace('"currentEvent":\ttrue', '"currentEvent":\tfalse')));
        assert.equal(events.length, 1);
        reader.part(textPart(text.replace('14:32:07', '15:32:07')));
        assert.equal(events.length, 2);
        assert.deepEqual(unreadable, []);
    });

    it('of a plate are known by its UUID', () => {
        const { reader, events, clock } = bench({ via: 'alarm-http' });
        for (let n = 0; n < 2; n += 1) {
            reader.body({ parts: [textPart(body('anpr.xml'))] });
            clock.advance(60_000);
        }
        assert.equal(events.length, 1);
    });

    it('are not looked for for ever, nor without a limit', () => {
        const window = new DuplicateWindow();
        assert.equal(window.isCopy('a', '', 0, 1000), false);
        assert.equal(window.isCopy('a', '', 999, 1000), true);
        assert.equal(window.isCopy('a', '', 2000, 1000), false);
        for (let n = 0; n < 200_000; n += 1) assert.equal(window.isCopy(`x${n}`, '', 2000, 1_000_000), false);
        assert.equal(window.isCopy('x199999', '', 2001, 1000), true);
        assert.equal(window.isCopy('x0', '', 2001, 1000), false);
    });

    it('are known as long as there is room, however many have come', () => {
        for (let table = 0; table < 200; table += 1) {
            const window = new DuplicateWindow();
            const ids = Array.from({ length: 1000 }, (_none, index) => `${table}-${index}`);
            for (const id of ids) window.isCopy(id, '', 0, 1000);
            assert.deepEqual(
                ids.filter((id) => !window.isCopy(id, '', 1, 1000)),
                [],
            );
        }
    });

    it('of one body are told apart by what is in it', () => {
        assert.equal(read(body('faceCapture.json')).length, 2);
    });
});
