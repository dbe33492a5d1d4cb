import assert from 'node:assert/strict';
import { readBefore, readerOnTheWay } from '../../events/body';
import { heartbeatForm } from '../../events/heartbeat';
import { readXmlDocument } from '../../protocols/documents/readXml';
import {
    keepPart,
    type Part,
    PartSplitter,
    type SplitterCounters,
    type SplitterFault,
    type SplitterOptions,
} from '../../protocols/multipart/partSplitter';
import { Random } from './random';

/** Looks like nothing that a part begins or ends with. */
const OVERWRITTEN = 0xaa;

export interface Split {
    parts: Part[];
    faults: SplitterFault[];
    counters: SplitterCounters;
    /** Parts and faults in the order in which they were told. */
    told: (Part | SplitterFault)[];
}

export type SplitSettings = Pick<SplitterOptions, 'boundary' | 'headers' | 'limits' | 'transient' | 'readDocument'>;

/** Splits bytes that come in chunks of the given sizes; `transient` ones are overwritten afterwards. */
export function split(bytes: Buffer, settings: SplitSettings, nextSize: () => number): Split {
    const split: Split = { parts: [], faults: [], told: [], counters: {} as SplitterCounters };
    const splitter = new PartSplitter({
        ...settings,
        onPart: (part) => {
            if (settings.transient === true) keepPart(part);
            checkDocument(part);
            split.parts.push(part);
            split.told.push(part);
        },
        onFault: (fault) => {
            split.faults.push(fault);
            split.told.push(fault);
        },
    });
    for (let at = 0; at < bytes.length; ) {
        const size = nextSize();
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        splitter.feed(chunk);
        if (settings.transient === true) chunk.fill(OVERWRITTEN);
        at += size;
    }
    splitter.end();
    split.counters = splitter.counters;
    return split;
}

/** A document that was read on the way is the one that is in the part; otherwise the part is the same as ever. */
function checkDocument(part: Part): void {
    const before = readBefore(part);
    if (before === undefined) return;
    delete part.document;
    if (before.heartbeat !== undefined) {
        assert.equal(before.heartbeat, heartbeatForm(part));
        return;
    }
    assert.equal(heartbeatForm(part), undefined);
    assert.deepEqual(before.document, readXmlDocument(part.body.toString('utf8')));
    assert.equal(before.text, part.body.toString('utf8'));
}

/**
 * Splits the bytes whole, byte by byte, in sevens and in random chunks, also from memory that is used again, and asserts
 * that nothing depends on it.
 */
export function splitEveryWay(bytes: Buffer, settings: SplitSettings = {}, seed = 1): Split {
    const whole = split(bytes, settings, () => bytes.length);
    const random = new Random(seed);
    const ways: [string, () => number][] = [
        ['byte by byte', () => 1],
        ['in sevens', () => 7],
        ['in small random chunks', () => random.integer(1, 40)],
        ['in random chunks', () => random.integer(1, 3000)],
    ];
    for (const [way, nextSize] of ways) {
        for (const transient of [false, true]) {
            // As a stream of a device is read: documents on the way, from memory that is used again.
            const readDocument = transient ? readerOnTheWay() : undefined;
            const other = split(bytes, { ...settings, transient, readDocument }, nextSize);
            const memory = transient ? 'the same memory' : 'memory of its own';
            assert.deepEqual(
                other,
                whole,
                `${way} from ${memory} (seed ${seed}) the outcome is another than in one piece`,
            );
        }
    }
    return whole;
}

/** The bodies as text, for parts that are text. */
export function texts(split: Split): string[] {
    return split.parts.map((part) => part.body.toString('utf8'));
}

/** What was lost, in short. */
export function faultKinds(split: Split): string[] {
    return split.faults.map((fault) => fault.kind);
}
