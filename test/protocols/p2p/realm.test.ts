import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Realm } from '../../../protocols/p2p/realm';
import { ManualClock } from '../../support/manualClock';

describe('a connection on a recorder', () => {
    it('gives back the room of each byte once, also where its reader closes it with the first', async () => {
        let room = 0;
        const realm = new Realm(1, 80, {
            clock: new ManualClock(),
            sendData: (_realm, _data, done) => done(),
            drained: (bytes) => {
                room += bytes;
            },
            leave: () => undefined,
        });
        realm.on('data', () => realm.destroy());
        await turn();
        for (const size of [1000, 2000, 4000, 8000]) realm.receive(Buffer.alloc(size));
        await once(realm, 'close');
        assert.deepEqual([room, realm.queuedBytes], [15_000, 0]);
    });
});
