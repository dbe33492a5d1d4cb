import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findByPath } from '../../../protocols/isapi/pathPlaces';

describe('the place of a path', () => {
    const places = new Map(['/alarm', '/alarm/gate', '/door'].map((path) => [path, path]));
    const found: [string, string | undefined][] = [
        ['/alarm', '/alarm'],
        ['/alarm/', '/alarm'],
        ['/alarm///', '/alarm'],
        ['/alarm/gate/token', '/alarm/gate'],
        ['/alarm/gates', '/alarm'],
        ['/alarms', undefined],
        ['/door/alarm', '/door'],
        ['/', undefined],
        ['', undefined],
    ];
    for (const [path, place] of found) {
        it(`of “${path}” is ${place ?? 'nowhere'}`, () => assert.equal(findByPath(places, path), place));
    }

    it('is the root where nothing else is', () => {
        const all = new Map([...places, ['', 'root'] as const]);
        for (const path of ['/', '', '*', '/alarms', '/'.repeat(15_000)]) assert.equal(findByPath(all, path), 'root');
        assert.equal(findByPath(all, `/alarm${'/'.repeat(15_000)}`), '/alarm');
    });
});
