import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrate } from '../../runtime/migrations';

describe('a saved configuration', () => {
    const VERSION_0 = { id: 'a', type: 'isapi-alertstream', device: 'd', hold: '2000' };
    const VERSION_1 = {
        ...VERSION_0,
        name: '',
        mode: 'auto',
        kinds: [],
        channels: [],
        repeat: 'edges',
        replay: 'live',
        catchUp: false,
        pictures: 'with',
        heartbeats: false,
        watchdog: 60,
        version: 1,
    };

    it('without a version gets the defaults of what it leaves out', () => {
        assert.deepEqual(migrate('isapi-alertstream', VERSION_0), VERSION_1);
        assert.equal(VERSION_0.hold, '2000');
    });

    it('of this version stays as it is', () => {
        assert.deepEqual(migrate('isapi-alertstream', VERSION_1), VERSION_1);
    });

    it('of a newer pack keeps its version and what we do not know', () => {
        const newer = { ...VERSION_1, version: 9, later: true };
        assert.deepEqual(migrate('isapi-alertstream', newer), newer);
    });
});
