// Runs every test (or those whose path holds one of the given words) and names what was skipped.
// `--long` runs the reliability suite in its long form, `--seed N` repeats what was drawn by lot.
// In CI a skipped test is a failure: everything a test needs is installed by .ci/run.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { prepare, root } from './setup.mjs';

const { values: options, positionals: words } = parseArgs({
    options: { long: { type: 'boolean' }, seed: { type: 'string' } },
    allowPositionals: true,
});
if (options.long) {
    process.env.VIGIA_RELIABILITY = 'long';
    process.env.VIGIA_SEED = options.seed ?? process.env.VIGIA_SEED ?? String(Math.floor(Math.random() * 0x7fffffff));
    console.log(
        `seed ${process.env.VIGIA_SEED}: npm run test:reliability -- --seed ${process.env.VIGIA_SEED} repeats it`,
    );
} else if (options.seed) process.env.VIGIA_SEED = options.seed;
prepare();

const folder = join(root, 'dist', 'test');
const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => !options.long || name.startsWith('reliability'))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .map((name) => join(folder, name))
    .sort();
if (files.length === 0) {
    console.error(`No test file matches ${words.join(' ')}.`);
    process.exit(1);
}

const counts = { passed: 0, failed: 0 };
const skipped = [];
const isFile = (test) => test.nesting === 0 && files.includes(test.name);
const isSkipped = (test) => test.skip !== undefined && test.skip !== false;

// Two files at a time, in CI one: real Node-REDs and browsers starve each other beyond that on a small machine.
const stream = run({ files, concurrency: process.env.CI ? 1 : 2, timeout: options.long ? 1_200_000 : 600_000 });
stream.on('test:pass', (test) => {
    if (isFile(test)) return;
    if (isSkipped(test)) {
        const reason = typeof test.skip === 'string' && test.skip !== '' ? `: ${test.skip}` : '';
        skipped.push(`${relative(folder, test.file ?? '')} › ${test.name}${reason}`);
    } else if (test.details.type !== 'suite') counts.passed += 1;
});
stream.on('test:fail', (test) => {
    if (test.details.type !== 'suite') counts.failed += 1;
    process.exitCode = 1;
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
    setImmediate(() => {
        for (const name of skipped) console.log(`skipped  ${name}`);
        if (process.env.CI && skipped.length > 0) {
            console.log('In CI nothing may be skipped.');
            process.exitCode = 1;
        }
        console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${skipped.length} skipped`);
    });
});
