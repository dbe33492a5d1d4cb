/**
 * What an event costs on its way from a part to a message: a heartbeat, a motion, a line crossing with its line, an
 * access event in JSON. Best of ten rounds.
 *
 * Goals: a heartbeat at most 3 µs, an XML event of 1.2 KB at most 18 µs beyond the reading of its XML.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventGate } from '../events/eventGate';
import { EventReader } from '../events/eventReader';
import { heartbeatForm } from '../events/heartbeat';
import { readXml } from '../protocols/documents/readXml';
import type { Part } from '../protocols/multipart/partSplitter';
import { bestOf } from './support/bestOf';

const folder = join(__dirname, '..', '..', 'test', 'fixtures', 'events');

function part(text: string, contentType = 'application/xml'): Part {
    const headers = { 'content-type': `${contentType}; charset="UTF-8"` };
    return { headers, kind: 'text', body: Buffer.from(text), truncated: false, contentType, charset: 'utf-8' };
}

const line = readFileSync(join(folder, 'lineCrossing.xml'), 'utf8');
const motion = line
    .replace('linedetection', 'VMD')
    .replace(/<DetectionRegionList>[\s\S]*<\/DetectionRegionList>\n/, '');
const heartbeat = motion.replace('>VMD<', '>videoloss<').replace('>active<', '>inactive<');
const access = readFileSync(join(folder, 'access.json'), 'utf8').replace(
    '"picturesNumber":\t1',
    '"picturesNumber":\t0',
);

// Time passes, so that no event is a copy of the one before.
let now = 0;
const clock = { now: () => now, elapsed: () => now, after: () => () => undefined };
let delivered = 0;
const gate = new EventGate({
    kinds: [],
    channels: [],
    repeat: 'all',
    hold: 5000,
    replay: 'all',
    heartbeats: false,
    clock,
    onOccurrence: () => {
        delivered += 1;
    },
});
const reader = new EventReader({
    via: 'alertstream',
    device: { name: 'yard', address: '192.0.2.1' },
    clock,
    onOccurrence: (occurrence) => gate.push(occurrence),
});

function measure(what: string, call: () => unknown): number {
    const cost = bestOf(20_000, call);
    console.log(`${what.padEnd(46)} ${cost.toFixed(2).padStart(6)} µs`);
    return cost;
}

function path(what: string, sent: Part): number {
    const before = delivered;
    const cost = measure(`${what}, ${sent.body.length} bytes`, () => {
        now += 1_000_000;
        reader.part(sent);
    });
    if (sent !== beat && delivered === before) throw new Error(`${what} was not delivered`);
    return cost;
}

const beat = part(heartbeat);
console.log(`Node.js ${process.version}`);
measure('telling a line crossing from a heartbeat', () => heartbeatForm(part(line)));
path('heartbeat', beat);
path('motion', part(motion));
const whole = path('line crossing', part(line));
const xml = measure('its XML alone', () => readXml(line));
path('access event', part(access, 'application/json'));
console.log(`a line crossing costs ${(whole - xml).toFixed(1)} µs beyond its XML`);
reader.close();
gate.close();
