/** What is in the package that users get. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { installedProject, NAME } from './packed';

const run = promisify(execFile);

/** All that users need; whatever else is packed is a mistake in `files`. */
const WANTED = [
    /^(package\.json|README(\.[\w-]+)?\.md|LICENSE|CHANGELOG\.md|docs\/third-party\.md)$/,
    /^dist\/(nodes|plugins|runtime|protocols|events|devices)\/[\w/.-]+\.js$/,
    /^dist\/(protocols|events|devices)\/[\w/.-]+\.d\.ts$/,
    /^dist\/(protocols|events)\/[\w/.-]+\.js\.map$/,
    /^dist\/events\/\w+\.json$/,
    /^dist\/nodes\/([\w-]+\.html|icons\/[\w-]+\.svg|locales\/[\w-]+\/[\w-]+\.(html|json))$/,
    /^dist\/plugins\/(vigia\.html|locales\/[\w-]+\/vigia\.json)$/,
    /^examples\/[^/]+\.json$/,
    /^resources\/\w+\.(js|css)$/,
];
/** Bytes. */
const LARGEST = { packed: 1_300_000, installed: 6_000_000 };

describe('the packed package', () => {
    const { folder: project, packed } = installedProject();

    it('holds what users need and nothing else', (test) => {
        const unwanted = packed()
            .files.map(({ path }) => path)
            .filter((path) => !WANTED.some((form) => form.test(path)));
        assert.deepEqual(unwanted, []);
        const { files, size, unpackedSize } = packed();
        test.diagnostic(`${files.length} files, ${size} bytes, unpacked ${unpackedSize}`);
        assert.ok(size < LARGEST.packed, `${size} bytes`);
    });

    it('takes no more than 6 MB with all it needs, koffi apart', (test) => {
        const installed = readdirSync(join(project, 'node_modules'), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile() && !/koffi|koromix/.test(entry.parentPath))
            .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
        test.diagnostic(`${installed} bytes installed`);
        assert.ok(installed <= LARGEST.installed, `${installed} bytes`);
    });

    it('names the lines of the sources in the traces of a library program', async () => {
        const program = join(project, 'program.cjs');
        writeFileSync(
            program,
            `const { EventReader } = require('${NAME}/events/eventReader');
             try { new EventReader(); } catch ({ stack }) { console.log(stack); }`,
        );
        const { stdout } = await run(process.execPath, ['--enable-source-maps', program], { cwd: project });
        assert.match(stdout, /events[\\/]eventReader\.ts:\d+/);
    });

    it('brings no package that has to run a script to work', () => {
        const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
            packages: Record<string, { optional?: boolean; hasInstallScript?: boolean }>;
        };
        const needy = Object.entries(lock.packages).filter(([, one]) => one.hasInstallScript && !one.optional);
        assert.deepEqual(needy, []);
    });
});
