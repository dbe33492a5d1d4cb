import assert from 'node:assert/strict';
import { IsupAlarms } from '../../../devices/isupAlarms';
import { DasSession } from '../../../protocols/isup/dasSession';
import type { IsupAlarm, IsupData } from '../../../protocols/isup/data';
import { readEhome } from '../../../protocols/isup/ehome';
import { EhomeServer } from '../../../protocols/isup/ehomeServer';
import { seal } from '../../../protocols/isup/envelope';
import { Framer } from '../../../protocols/isup/framer';
import { readDevicePacket, writePublish } from '../../../protocols/isup/mqtt';
import { type Presence, PresenceTable, type Source } from '../../../protocols/isup/presence';
import { ManualClock } from '../../support/manualClock';
import { mutate, TEXT_PIECES } from '../../support/mutations';
import type { Random } from '../../support/random';
import { identity, vectors, wire } from './vectors';

const { deviceId, shortSerial, sessionKey, masterKey } = identity;
const BLOCK = 16;
const HOME: Source = { address: '192.0.2.20', port: 5000 };
const ELSEWHERE: Source = { address: '198.51.100.7', port: 4000 };

const fromDevice = Object.entries(vectors).filter(([, { from }]) => from === 'device');
const PACKETS = fromDevice.filter(([, { kind }]) => kind === 'mqtt').map(([name]) => wire(name));
const CONNECTS = PACKETS.filter((bytes) => readDevicePacket(bytes)?.is === 'connect');
const ALARMS = ['alarm_xml', 'alarm_json', 'alarm_http_framed'].map((name) => Buffer.from(vectors[name]!.body!));
const DATAGRAMS = fromDevice.filter(([, { kind }]) => kind === 'ehome').map(([name]) => wire(name));

/** First blocks of what the device sealed: nobody without its key can have written one. */
const PROOFS = PACKETS.flatMap((bytes) => {
    const packet = readDevicePacket(bytes);
    const sealed = packet?.is === 'connect' ? packet.will : packet?.is === 'publish' ? packet.payload : undefined;
    return sealed === undefined || sealed.length % BLOCK !== 0 ? [] : [sealed.subarray(0, BLOCK)];
});

interface Living {
    clock: ManualClock;
    table: PresenceTable;
    told: Presence[];
    data: IsupData[];
}

/** A listener's memory of a device that has logged in. */
function living(): Living {
    const clock = new ManualClock();
    const told: Presence[] = [];
    const table = new PresenceTable({
        clock,
        patience: 90_000,
        strangers: 100,
        listed: () => undefined,
        onPresence: (presence) => told.push(presence),
        onFlapping: () => undefined,
    });
    const login = { registrant: { deviceId, shortSerial }, masterKey, sessionKey };
    table.authenticated(login, HOME, clock.elapsed());
    return { clock, table, told, data: [] };
}

/** A connection from somewhere else than the login came from: only its session key lets it in. */
function connectionTo({ clock, table, data }: Living) {
    const seen = { proven: false, answered: 0 };
    const session = new DasSession({
        table,
        clock,
        source: ELSEWHERE,
        write: ({ length }) => {
            seen.answered += length;
        },
        destroy: () => undefined,
        onProven: () => {
            seen.proven = true;
        },
        onData: (one) => data.push(one),
        onWarning: () => undefined,
        onOnline: () => undefined,
    });
    return { session, seen };
}

function feed(session: DasSession, chunks: readonly Buffer[]): void {
    const framer = new Framer(4 * 1024 * 1024);
    for (const chunk of chunks) {
        framer.push(chunk);
        for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
            if (typeof frame === 'string' || session.frame(frame.bytes) === 'close') return;
        }
    }
}

/** Packets to a session whose key is live, some of them altered, in two pieces. */
export function alteredSessions(random: Random): () => void {
    const packets = [random.pick(CONNECTS)];
    for (let more = random.integer(1, 4); more > 0; more -= 1) packets.push(random.pick(PACKETS));
    // As many as not are left whole, or nothing would ever get as far as the messages.
    const bytes = Buffer.concat(packets.map((one) => (random.integer(0, 1) === 0 ? one : mutate(one, random))));
    const cut = random.integer(1, bytes.length);
    return () => {
        const memory = living();
        const { session, seen } = connectionTo(memory);
        feed(
            session,
            [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0),
        );
        const isIn = seen.proven || memory.data.length > 0 || memory.told.length > 0;
        const isGenuine = PROOFS.some((proof) => bytes.includes(proof));
        assert.ok(!isIn || isGenuine, 'let in although what proves it was altered');
        assert.ok(seen.answered <= bytes.length * 2, `${seen.answered} bytes to ${bytes.length}`);
        session.ended('closed');
        memory.table.close(memory.clock.elapsed(), true);
    };
}

/** An alarm of a device that sealed it, whose body is altered: an event comes of it, or it is handed on as it came. */
export function alteredAlarms(random: Random): () => void {
    const body = mutate(random.pick(ALARMS), random, { pieces: TEXT_PIECES });
    const packet = writePublish('/5000/19715', seal(sessionKey, 1, body), 1, 3);
    return () => {
        const memory = living();
        const { session } = connectionTo(memory);
        feed(session, [wire('mqtt_connect'), packet]);
        assert.equal(memory.data.length, 1);
        let told = 0;
        const alarms = new IsupAlarms({
            clock: memory.clock,
            onOccurrence: ({ event }) => {
                assert.equal(event.via, 'isup');
                told += 1;
            },
            onUnreadable: () => {
                told += 1;
            },
        });
        alarms.alarm(memory.data[0] as IsupAlarm);
        memory.clock.advance(120_000);
        alarms.close();
        assert.ok(told > 0, 'nothing is told of it');
        assert.equal(memory.clock.pending, 0, 'a timer is left');
    };
}

/** EHome datagrams, altered, while the same device has a session that proved its key, or has none. */
export function alteredDatagrams(random: Random): () => void {
    const isProven = random.integer(0, 1) === 0;
    /** It, or somebody in its name, was there by EHome before. */
    const wasEhome = random.integer(0, 1) === 0;
    const datagrams = Array.from({ length: random.integer(1, 3) }, () => ({
        bytes: mutate(random.pick(DATAGRAMS), random, { pieces: TEXT_PIECES }),
        port: random.pick(['register', 'alarm', 'both'] as const),
    }));
    return () => {
        const memory = living();
        const { clock, table, told, data } = memory;
        const alarms = new IsupAlarms({ clock, onOccurrence: () => undefined, onUnreadable: () => undefined });
        const server = new EhomeServer({
            clock,
            table,
            acceptAny: true,
            keepAlive: 15,
            alarmPort: 7662,
            lowVersion: false,
            ntpAddress: '',
            addressFor: () => '192.0.2.10',
            mayReply: () => true,
            onData: (one) => data.push(one),
            onWarning: () => undefined,
            onUnknown: () => undefined,
        });
        if (wasEhome) server.datagram(wire('ehome_register_20'), ELSEWHERE, 'register');
        if (isProven) feed(connectionTo(memory).session, [wire('mqtt_connect'), wire('mqtt_subscribe')]);
        else table.close(clock.elapsed(), false);
        const before = { ...table.find(deviceId)! };
        const already = told.length;
        clock.advance(1000);
        for (const { bytes, port } of datagrams) {
            for (const answer of server.datagram(bytes, ELSEWHERE, port)) {
                assert.ok(readEhome(answer), `no EHome: ${answer}`);
                assert.ok(answer.length < 2048);
            }
        }
        for (const one of data) {
            if (one.is === 'ehome-alarm') alarms.ehome(one);
            else if (one.is === 'gps') alarms.position(one);
        }
        alarms.close();
        for (const { confidence } of told.slice(already)) assert.equal(confidence, 'identified');
        if (isProven) assert.deepEqual(table.find(deviceId), before, 'a proven session was moved');
        assert.equal(clock.pending, 0, 'a timer is left');
    };
}
