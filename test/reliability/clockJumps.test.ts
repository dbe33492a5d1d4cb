import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Conditions } from '../../events/hold';
import { isoAt } from '../../events/time';
import { LoginBreaker } from '../../protocols/http/breaker';
import { parseChallenges } from '../../protocols/http/challenge';
import { digestAuthorization, readDigestChallenge } from '../../protocols/http/digest';
import { ServerLogin } from '../../protocols/http/serverLogin';
import { PINGREQ } from '../../protocols/isup/mqtt';
import { alert, bench, NOON, textPart } from '../events/support';
import { eventStream, ScriptedDevice } from '../protocols/isapi/support/scriptedDevice';
import { StreamRecorder } from '../protocols/isapi/support/streamRecorder';
import { online, withListener } from '../protocols/isup/rig';
import { ManualClock } from '../support/manualClock';
import { streamPart, xmlEvent } from '../support/wireBytes';

const HOUR = 60 * 60_000;
/** A summer time set by hand, NTP after a week without power, a machine that starts in 1970. */
const JUMPS = [
    { name: 'an hour forward', ms: HOUR },
    { name: 'an hour back', ms: -HOUR },
    { name: 'a week back', ms: -7 * 24 * HOUR },
    { name: '56 years forward', ms: 56 * 365 * 24 * HOUR },
    { name: '56 years back', ms: -56 * 365 * 24 * HOUR },
];

for (const { name, ms } of JUMPS) {
    describe(`the clock of this machine is set ${name}`, () => {
        it('and a stream that lives goes on, while one that is silent is still found out in time', async () => {
            const part = streamPart('boundary', 'application/xml', xmlEvent('VMD'));
            const device = await new ScriptedDevice(eventStream(part)).start();
            const client = device.client();
            const recorder = new StreamRecorder((request) => client.open(request));
            try {
                await recorder.until(() => recorder.parts.length === 1);
                recorder.clock.advance(40_000);
                recorder.clock.set(ms);
                device.responses[0]?.write(part);
                await recorder.until(() => recorder.parts.length === 2);
                recorder.clock.advance(59_000);
                assert.deepEqual(recorder.states, ['connecting', 'online']);
                recorder.clock.advance(1000);
                await recorder.until(() => recorder.changes.length === 3);
                assert.equal(recorder.lastChange?.fault?.code, 'STREAM_STALLED');
                const retry = (recorder.lastChange?.retryAt ?? 0) - recorder.clock.now();
                assert.ok(retry > 0 && retry < 60_000, `the next attempt is told for ${retry} ms from now`);
            } finally {
                await recorder.stream.close();
                await device.stop();
            }
        });

        it('and no ISUP device goes offline, until it is silent', async () => {
            const clock = new ManualClock();
            await withListener({ clock }, async (rig) => {
                const client = await online(rig);
                clock.set(ms);
                clock.advance(60_000);
                client.send(PINGREQ);
                await client.take(2);
                clock.advance(89_000);
                assert.deepEqual(rig.said(), ['registering', 'online']);
                const lastSeen = Date.parse(rig.listener.rows()[0]!.lastSeen);
                assert.equal(clock.now() - lastSeen, 89_000, 'lastSeen is told by the clock as it is set now');
                clock.advance(3000);
                assert.equal(rig.said().at(-1), 'offline/silence');
                await client.end();
            });
        });

        it('and a refused password waits its five minutes, neither less nor more', () => {
            const clock = new ManualClock();
            const breaker = new LoginBreaker({ clock });
            breaker.refused();
            clock.set(ms);
            const { state } = breaker;
            assert.ok(state.name === 'blocked' && state.until === clock.now() + 5 * 60_000);
            clock.advance(5 * 60_000 - 1);
            assert.equal(breaker.state.name, 'blocked');
            clock.advance(1);
            assert.equal(breaker.state.name, 'suspect');
        });

        it('and a nonce of ours is as old as it is', () => {
            const clock = new ManualClock();
            const user = { username: 'gate', password: 'x' };
            const login = new ServerLogin({ ...user, schemes: ['digest'], nonceLifetime: 60_000, clock });
            const challenge = readDigestChallenge(parseChallenges(login.challenges()[0])[0]!)!;
            const call = (nc: number) => {
                const input = { ...user, method: 'POST', uri: '/alarm', cnonce: 'c', nc };
                const authorization = digestAuthorization(challenge, input);
                return login.check({ method: 'POST', url: '/alarm', authorization });
            };
            clock.set(ms);
            assert.equal(call(1).accepted, true);
            clock.advance(61_000);
            const late = call(2);
            assert.ok(!late.accepted && late.reason === 'stale');
        });

        it('and a condition ends after its silence', () => {
            const clock = new ManualClock();
            const ended: string[] = [];
            const conditions = new Conditions<string>({ hold: 5000, clock, onSilence: (last) => ended.push(last) });
            conditions.active('yard/1/motion', '', 'first');
            clock.set(ms);
            clock.advance(4000);
            conditions.active('yard/1/motion', '', 'second');
            clock.advance(4999);
            assert.deepEqual(ended, []);
            clock.advance(1);
            assert.deepEqual(ended, ['second']);
            assert.equal(clock.pending, 0);
        });

        it('and what happens now is no replay, nor is what the device sends again live', () => {
            const { reader, clock, events } = bench({ connectedAt: NOON, assumedOffset: 0 });
            // The device keeps its own time, which was right before.
            const device = (age = 0) => isoAt(clock.elapsed() - age, 60);
            const heartbeat = { eventType: 'videoloss', eventState: 'inactive' };
            clock.set(ms);
            reader.part(textPart(alert({ ...heartbeat, dateTime: device() })));
            clock.advance(HOUR);
            reader.part(textPart(alert({ eventType: 'VMD', dateTime: device() })));
            reader.part(textPart(alert({ eventType: 'VMD', dateTime: device(3 * HOUR), activePostCount: 2 })));
            assert.deepEqual(
                events.map(({ replay }) => replay),
                [false, true],
            );
        });

        it('and so it is when the clock of the device is set', () => {
            const { reader, clock, events } = bench({ connectedAt: NOON, assumedOffset: 0 });
            const heartbeat = { eventType: 'videoloss', eventState: 'inactive' };
            reader.part(textPart(alert({ ...heartbeat, dateTime: isoAt(clock.now(), 60) })));
            clock.advance(HOUR);
            const device = () => isoAt(clock.now() + ms, 60);
            reader.part(textPart(alert({ ...heartbeat, dateTime: device() })));
            clock.advance(1000);
            reader.part(textPart(alert({ eventType: 'VMD', dateTime: device() })));
            assert.deepEqual(
                events.map(({ replay }) => replay),
                [false],
            );
        });
    });
}
