import { it } from 'node:test';
import { fuzz, lineOf } from '../support/fuzzing';
import { TEXT_PIECES } from '../support/mutations';
import type { Random } from '../support/random';
import { SHARDS } from '../support/writtenStreams';
import { amount, SEED } from './extent';

/** Everything that disturbs a reader of text or of framing. */
export const DISTURBANCES = { pieces: [...TEXT_PIECES, ...SHARDS], changes: 6 };

/** A test that feeds so many inputs, fewer of them in the short form. */
export function target(name: string, short: number, long: number, input: (random: Random) => () => void): void {
    const count = amount(short, long);
    it(`${name}: ${count} inputs (VIGIA_SEED=${SEED})`, (test) => {
        test.diagnostic(lineOf(name, SEED, fuzz({ count, seed: SEED, input })));
    });
}
