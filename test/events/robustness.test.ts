import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { deviceKey, readMac } from '../../events/identity';
import { mutate, TEXT_PIECES } from '../support/mutations';
import { fixture } from '../support/packageRoot';
import { Random } from '../support/random';
import { alert, bench, check, picturePart, read, textPart } from './support';

const BODIES = readdirSync(fixture('events'))
    .filter((name) => /\.(xml|json)$/.test(name))
    .map((name) => readFileSync(fixture('events', name)));

/** Every scalar of a JSON body replaced by something else, one after the other. */
function* perversions(value: unknown, replace: (next: unknown) => unknown): Generator<unknown> {
    const odd = [
        null,
        '',
        ' ',
        0,
        -1,
        1e308,
        true,
        [],
        {},
        [[]],
        [{}],
        { value: {} },
        { value: { value: 1 } },
        'x'.repeat(10_000),
        '2026-02-31T25:61:00',
    ];
    for (const other of odd) yield replace(other);
    if (value === null || typeof value !== 'object') return;
    for (const key of Object.keys(value)) {
        const copy = (next: unknown) =>
            replace(Array.isArray(value) ? value.with(Number(key), next) : { ...value, [key]: next });
        yield* perversions((value as Record<string, unknown>)[key], copy);
    }
}

describe('whatever a device sends', () => {
    it('a reader never throws, and every event it makes is whole', () => {
        const random = new Random(20261120);
        const stream = bench({ connectedAt: 0 });
        const pushes = bench({ via: 'alarm-http' });
        for (let round = 0; round < 3000; round += 1) {
            const part = textPart(mutate(random.pick(BODIES), random, { pieces: TEXT_PIECES }));
            stream.reader.part(part);
            if (round % 3 === 0) stream.reader.part(picturePart({ body: random.bytes(random.integer(0, 60)) }));
            pushes.reader.body({ parts: [part, picturePart({ name: random.pick(TEXT_PIECES) })] });
            stream.clock.advance(random.integer(0, 3000));
        }
        stream.reader.close();
        pushes.reader.close();
        assert.equal(stream.clock.pending, 0);
        assert.ok(stream.occurrences.length > 500);
        for (const occurrence of [...stream.occurrences, ...pushes.occurrences]) check(occurrence);
    });

    it('blanks without end in a time are no time', () => {
        const [event] = read(alert({ eventType: 'VMD', dateTime: `2026-11-20T13:00:00${' '.repeat(200_000)}x y` }));
        assert.equal(event?.timeQuality, 'received');
    });

    it('thousands of fields beside thousands of faces are one event', () => {
        const fields = Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`f${index}`, index]));
        const wide = { ...fields, eventType: 'faceCapture', faceCapture: [{ faces: [{ faceId: 1 }, { faceId: 2 }] }] };
        const faces = Array.from({ length: 4000 }, (_, faceId) => ({ faceId }));
        const many = { eventType: 'faceCapture', faceCapture: [{ ...fields, faces }] };
        for (const body of [wide, many]) assert.equal(read(JSON.stringify(body)).length, 1);
    });

    it('more events than any device sends at once are left out, and it is said', () => {
        const one = {
            eventType: 'faceCapture',
            faceCapture: [{ faces: Array.from({ length: 128 }, (_, faceId) => ({ faceId })) }],
        };
        const { reader, events, unreadable } = bench({ via: 'alarm-http' });
        const part = () => textPart(JSON.stringify(Array.from({ length: 300 }, () => one)));
        reader.body({ parts: [part(), part()] });
        assert.ok(events.length >= 1000 && events.length < 1200, `${events.length}`);
        assert.deepEqual(unreadable, [
            `only the first ${events.length} events of it were read`,
            'the body holds more than any device sends at once',
        ]);
        assert.match(events[0]?.warnings?.join() ?? '', /only the first 256 events/);
        const lines = bench({ vendor: 'dahua' });
        lines.reader.part(textPart('Code=A;action=Pulse;index=0\n'.repeat(300)));
        assert.match(lines.events[0]?.warnings?.join() ?? '', /only the first 256 events/);
        assert.equal(lines.events.length, 256);
    });

    it('names without end are remembered by their digest', () => {
        const id = 'x'.repeat(100_000);
        assert.equal(deviceKey({ id }).length, 16);
        assert.notEqual(deviceKey({ id }), deviceKey({ id: `${id}y` }));
        assert.equal(readMac(`${' '.repeat(100)}00:00:5e:00:53:01`), undefined);
    });

    it('no field of a body can spoil its event', () => {
        for (const bytes of BODIES) {
            if (bytes[0] !== 0x7b) continue;
            const { reader, occurrences, unreadable } = bench({ via: 'alarm-http' });
            for (const body of perversions(JSON.parse(bytes.toString()), (next) => next)) {
                reader.body({ parts: [textPart(JSON.stringify(body))] });
            }
            for (const occurrence of occurrences) {
                check(occurrence);
                for (const warning of occurrence.event.warnings ?? [])
                    assert.doesNotMatch(warning, /could not be read/);
            }
            for (const reason of unreadable)
                assert.match(reason, /^(no event in it|neither XML nor JSON|.* is no event)$/);
        }
    });

    it('no body reaches Object.prototype', () => {
        const { reader } = bench();
        const evil = '{"eventType":"VMD","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
        reader.part(textPart(evil));
        reader.part(textPart('eventType=VMD&__proto__=1&constructor=2'));
        reader.part(
            textPart(
                '<EventNotificationAlert><eventType>VMD</eventType><__proto__><polluted>1</polluted></__proto__></EventNotificationAlert>',
            ),
        );
        assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });

    it('no body takes long', () => {
        const { reader } = bench();
        const started = process.cpuUsage();
        const many = (entry: string, times: number) => Array.from({ length: times }, () => entry).join();
        const bodies = [
            `{"eventType":"alarmResult","alarmResult":[${many('{"faces":[{},{}]}', 50_000)}]}`,
            `{"eventType":"VMD","a":${'['.repeat(30)}${']'.repeat(30)},"x":"${'\\u0041'.repeat(100_000)}"}`,
            `<EventNotificationAlert><eventType>VMD</eventType>${'<DetectionRegionList><DetectionRegionEntry/></DetectionRegionList>'.repeat(15_000)}</EventNotificationAlert>`,
            `eventType=${'a=1&'.repeat(250_000)}`,
            `{"eventType":"x","${'a'.repeat(1_000_000)}":1}`,
            `${'<EventNotificationAlert><eventType>VMD</eventType></EventNotificationAlert>'.repeat(10_000)}`,
        ];
        for (const body of bodies) reader.part(textPart(body));
        const { user } = process.cpuUsage(started);
        assert.ok(user < 3_000_000, `took ${user} µs`);
    });
});
