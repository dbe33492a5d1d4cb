/** The direction in which the folders use each other, and the page that draws it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageRoot } from './support/packageRoot';

interface Architecture {
    PAGE: string;
    page(): string;
    measure(): { rooms: string[]; uses: string[] };
    violations(measured?: { rooms: string[]; uses: string[] }): string[];
    cycles(measured?: { rooms: string[]; uses: string[] }): string[];
}

describe('the house', () => {
    let architecture: Architecture;

    before(async () => {
        architecture = await import(pathToFileURL(join(packageRoot, 'scripts', 'architecture.mjs')).href);
    });

    it('lets no folder use one that stands above it', () => {
        const { uses } = architecture.measure();
        assert.ok(uses.includes('events protocols/documents'), 'the imports are read');
        assert.deepEqual(architecture.violations(), []);
        const wrong = { rooms: [], uses: ['protocols/http devices', 'events simulator', 'nodes runtime'] };
        assert.deepEqual(architecture.violations(wrong), ['protocols/http → devices', 'events → simulator']);
    });

    it('lets no two folders use each other, nor three in a ring', () => {
        assert.deepEqual(architecture.cycles(), []);
        const uses = ['a b', 'b a', 'c d', 'd e', 'e c', 'e a'];
        assert.deepEqual(architecture.cycles({ rooms: [], uses }), ['a ⇄ b', 'c ⇄ d ⇄ e']);
    });

    it('is drawn as it stands; otherwise: npm run architecture', () => {
        assert.equal(readFileSync(architecture.PAGE, 'utf8'), architecture.page());
    });
});
