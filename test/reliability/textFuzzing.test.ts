import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { readDahuaEvents } from '../../protocols/dahua/eventManager';
import { readKeyValues } from '../../protocols/dahua/keyValues';
import { readJson } from '../../protocols/documents/readJson';
import { decodeText } from '../../protocols/documents/readText';
import { readXmlDocument, type XmlValue } from '../../protocols/documents/readXml';
import { parseChallenges } from '../../protocols/http/challenge';
import { digestAuthorization, readDigestChallenge } from '../../protocols/http/digest';
import { ServerLogin } from '../../protocols/http/serverLogin';
import { readIsapiStatus } from '../../protocols/isapi/responseStatus';
import { bench, check, picturePart, textPart } from '../events/support';
import { responseStatus } from '../protocols/isapi/support/scriptedDevice';
import { ManualClock } from '../support/manualClock';
import { mutate, TEXT_PIECES } from '../support/mutations';
import { fixture } from '../support/packageRoot';
import { Random } from '../support/random';
import { split } from '../support/splitting';
import { jsonEvent, raw, xmlEvent } from '../support/wireBytes';
import { writePart } from '../support/writtenStreams';
import { SEED } from './extent';
import { DISTURBANCES, target } from './target';

const BODIES = readdirSync(fixture('events'))
    .filter((name) => /\.(xml|json)$/.test(name))
    .map((name) => readFileSync(fixture('events', name)));

/** Documents and answers of every kind that is read somewhere. */
const DOCUMENTS = [
    ...BODIES,
    raw(xmlEvent('VMD')),
    raw(jsonEvent(18)),
    raw(responseStatus(4, 'Invalid Operation', 'notSupport')),
    raw('Code=VideoMotion;action=Start;index=0;data={"RegionName":["a","b"],"SmartMotionEnable":false}\r\n'),
    raw('table.AlarmServer.Enable=true\r\ntable.AlarmServer.Ports[0]=37777\r\ntable.AlarmServer.Ports[1]=80\r\n'),
];

describe('the splitter', () => {
    const making = new Random(SEED);
    const pool = Array.from({ length: 500 }, () => writePart(making, 'boundary'));

    target('streams in which one part is damaged', 1500, 100_000, (random) => {
        const parts = Array.from({ length: random.integer(3, 6) }, () => random.pick(pool));
        const damaged = random.integer(1, parts.length - 2);
        const start = parts[damaged]!.bytes;
        // Its delimiter stays, or it would be part of the one before.
        const kept = start.indexOf('\n') + 1;
        const bytes = raw(
            ...parts.slice(0, damaged).map((part) => part.bytes),
            start.subarray(0, kept),
            mutate(start.subarray(kept), random, DISTURBANCES),
            '\r\n',
            ...parts.slice(damaged + 1).map((part) => part.bytes),
            '--boundary--\r\n',
        );
        const size = random.pick([7, 100, 1460, 1460, 65_536, 65_536]);
        return () => {
            const { parts: found, counters } = split(bytes, { boundary: 'boundary' }, () => size);
            assert.ok(counters.droppedBytes <= counters.bytes);
            const bodies = found.map(({ body, contentType }) => comparable(body, contentType));
            const before = expectedOf(parts.slice(0, damaged));
            const after = expectedOf(parts.slice(damaged + 1));
            assert.deepEqual(bodies.slice(0, before.length), before, 'parts before the damage');
            assert.deepEqual(bodies.slice(-after.length), after, 'parts after the damage');
        };
    });

    target('streams that are damaged anywhere', 1500, 100_000, (random) => {
        const parts = Array.from({ length: random.integer(1, 4) }, () => random.pick(pool).bytes);
        const bytes = mutate(raw(...parts), random, DISTURBANCES);
        const size = random.pick([13, 200, 1460, 65_536]);
        const limits = random.pick([{}, { text: 300, picture: 1000, unsynchronised: 200, headers: 150, nesting: 2 }]);
        return () => {
            const { counters, parts: found } = split(bytes, { boundary: 'boundary', limits }, () => size);
            assert.equal(counters.bytes, bytes.length);
            assert.ok(counters.droppedBytes <= bytes.length);
            for (const { body } of found) assert.ok(body.length <= bytes.length);
        };
    });
});

/** What a reader makes of a part, as far as the framing leaves it no choice. */
function comparable(body: Buffer, contentType?: string): string {
    if (contentType === 'text/plain') return body.toString('latin1').trimEnd();
    // A picture without a length keeps the line ends before the delimiter, but for one.
    return (body[0] === 0xff ? body.subarray(0, body.lastIndexOf(0xd9) + 1) : body).toString('latin1');
}

function expectedOf(parts: { expected: Buffer[] }[]): string[] {
    return parts.flatMap(({ expected }) => expected.map((body) => body.toString('latin1')));
}

describe('documents', () => {
    target('XML, JSON and key=value', 2000, 200_000, (random) => {
        const bytes = mutate(random.pick(DOCUMENTS), random, DISTURBANCES);
        const charset = random.pick([undefined, 'utf-8', 'gb2312', 'iso-8859-1', 'x-unknown']);
        return () => {
            const { text } = decodeText(bytes, charset);
            const document = readXmlDocument(text);
            if (document !== undefined) withoutPrototype(document.object);
            readJson(text);
            readKeyValues(text);
            readDahuaEvents(text);
            readIsapiStatus(bytes, 'application/xml');
            readIsapiStatus(bytes, 'application/json');
        };
    });

    target('events', 1000, 80_000, (random) => {
        const part = textPart(mutate(random.pick(DOCUMENTS), random, DISTURBANCES));
        const picture = picturePart({ body: random.bytes(random.integer(0, 60)), name: random.pick(TEXT_PIECES) });
        const wait = random.integer(0, 3000);
        return () => {
            const stream = bench({ connectedAt: 0 });
            const pushes = bench({ via: 'alarm-http' });
            stream.reader.part(part);
            stream.reader.part(picture);
            stream.clock.advance(wait);
            // Whatever came before, a whole event is an event.
            stream.reader.part(textPart(xmlEvent('fielddetection')));
            stream.reader.close();
            pushes.reader.body({ parts: [part, picture] });
            assert.equal(stream.clock.pending, 0);
            assert.equal(stream.events.filter(({ type }) => type === 'fielddetection').length > 0, true);
            for (const occurrence of [...stream.occurrences, ...pushes.occurrences]) check(occurrence);
        };
    });
});

function withoutPrototype(value: XmlValue): void {
    if (typeof value === 'string') return;
    if (Array.isArray(value)) for (const one of value) withoutPrototype(one);
    else {
        assert.equal(Object.getPrototypeOf(value), null);
        for (const one of Object.values(value)) withoutPrototype(one);
    }
}

describe('logins of those who post', () => {
    const user = { username: 'porteiro', password: 'Olá "Vigia"' };
    const FIELDS = ['username', 'realm', 'nonce', 'uri', 'response', 'nc', 'cnonce', 'qop'];

    function alteredLogin(random: Random): void {
        const login = new ServerLogin({ ...user, schemes: ['digest'], clock: new ManualClock() });
        const challenge = readDigestChallenge(parseChallenges(login.challenges()[0])[0]!)!;
        const input = { ...user, method: 'POST', uri: '/alarm', cnonce: random.bytes(6).toString('hex'), nc: 1 };
        const answer = digestAuthorization(challenge, input);
        const field = random.pick(FIELDS);
        const altered = answer.replace(new RegExp(`(\\b${field}=)("?)([^",]*)`), (_all, name, quote, value: string) => {
            const at = random.integer(0, Math.max(0, value.length - 1));
            const other = random.pick(
                ['', 'x', '0', '1', '"', ',', '\\', ' ', 'é', 'auth-int'].filter((one) => one !== value[at]),
            );
            return `${name}${quote}${value.slice(0, at)}${other}${value.slice(at + 1)}`;
        });
        const check = (authorization: string) => login.check({ method: 'POST', url: '/alarm', authorization });
        if (altered !== answer) assert.equal(check(altered).accepted, false, altered);
        assert.equal(check(answer).accepted, true, 'the right answer is good after any wrong one');
        assert.equal(check(answer).accepted, false, 'and good once');
    }

    target('digest answers with one field altered', 1000, 60_000, (random) => {
        const seed = random.integer(0, 1e9);
        return () => alteredLogin(new Random(seed));
    });
});
