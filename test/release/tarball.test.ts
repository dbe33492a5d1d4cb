/** What is in the package that users get. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { emptyUserDir, install, NAME, type Packed, pack } from './packed';

/** All that users need; whatever else is packed is a mistake in `files`. */
const WANTED = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/third-party\.md)$/,
    /^dist\/(nodes|runtime|protocols|events|devices)\/[\w/.-]+\.js$/,
    /^dist\/(protocols|events|devices)\/[\w/.-]+\.d\.ts$/,
    /^dist\/(protocols|events)\/[\w/.-]+\.js\.map$/,
    /^dist\/events\/\w+\.json$/,
    /^dist\/nodes\/([\w-]+\.html|icons\/[\w-]+\.svg|locales\/[\w-]+\/[\w-]+\.(html|json))$/,
    /^examples\/[^/]+\.json$/,
    /^resources\/\w+\.(js|css)$/,
];
/** Bytes. */
const LARGEST = { packed: 1_100_000, unpacked: 4_500_000 };

describe('the packed package', () => {
    const project = emptyUserDir();
    let packed: Packed;

    before(async () => {
        packed = await pack();
        await install(project, packed);
    });

    after(() => {
        packed?.remove();
        rmSync(project, { recursive: true, force: true });
    });

    it('holds what users need and nothing else', (test) => {
        const unwanted = packed.files.map(({ path }) => path).filter((path) => !WANTED.some((form) => form.test(path)));
        assert.deepEqual(unwanted, []);
        test.diagnostic(`${packed.files.length} files, ${packed.size} bytes, unpacked ${packed.unpackedSize}`);
        assert.ok(packed.size < LARGEST.packed, `${packed.size} bytes`);
        assert.ok(packed.unpackedSize < LARGEST.unpacked, `${packed.unpackedSize} bytes unpacked`);
    });

    it('brings source maps that hold their source', () => {
        const map = JSON.parse(
            readFileSync(join(project, 'node_modules', NAME, 'dist', 'events', 'eventReader.js.map'), 'utf8'),
        ) as { sourcesContent: string[] };
        assert.match(map.sourcesContent[0]!, /export class EventReader/);
    });

    it('brings no package that has to run a script to work', () => {
        const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
            packages: Record<string, { optional?: boolean; hasInstallScript?: boolean }>;
        };
        const needy = Object.entries(lock.packages).filter(([, one]) => one.hasInstallScript && !one.optional);
        assert.deepEqual(needy, []);
    });
});
