/** docs/quirks.md: every quirk of a device that it lists has a test. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from './support/packageRoot';

/** The rows of all tables of a page, cell by cell, without their heads. */
function rowsOf(page: string): string[][] {
    const lines = page.split('\n').filter((line) => line.startsWith('|'));
    const rows = lines.map((line) =>
        line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
    );
    return rows.filter(([first = '']) => first !== 'quirk' && !/^-+$/.test(first));
}

/** Whether a source has a test of that name, or makes it by that template. */
function hasTest(source: string, name: string): boolean {
    return ["'", '"', '`'].some((quote) =>
        ['it', 'test'].some((word) => source.includes(`${word}(${quote}${name}${quote}`)),
    );
}

describe('the quirks of devices', () => {
    const rows = rowsOf(readFileSync(join(packageRoot, 'docs', 'quirks.md'), 'utf8'));

    it('are in rows of four: what, who found it, what is done, and a test', () => {
        assert.ok(rows.length >= 70, `${rows.length} rows`);
        for (const row of rows) {
            assert.equal(row.length, 4, row.join(' | '));
            assert.ok(
                row.every((cell) => cell !== ''),
                row.join(' | '),
            );
        }
        assert.equal(new Set(rows.map(([quirk]) => quirk)).size, rows.length, 'none stands twice');
    });

    it('each have a test that exists', () => {
        for (const [quirk, , , cell = ''] of rows) {
            const [, file, name] = /^`([\w./]+\.test\.ts)` › `(.+)`$/.exec(cell) ?? [];
            assert.ok(file !== undefined && name !== undefined, `no test: ${quirk}`);
            const path = join(packageRoot, 'test', file);
            assert.ok(existsSync(path), `${file} does not exist: ${quirk}`);
            assert.ok(hasTest(readFileSync(path, 'utf8'), name), `${file} has no test “${name}”: ${quirk}`);
        }
    });
});
