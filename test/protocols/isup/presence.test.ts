import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Presence, PresenceTable } from '../../../protocols/isup/presence';
import { ManualClock } from '../../support/manualClock';

const PATIENCE = 90_000;
const STRANGER = { address: '198.51.100.7', port: 4000 };
const REGISTRANT = { deviceId: 'CAM1', shortSerial: 'G00000001' };

const KNOWN: Presence = {
    deviceId: 'CAM1',
    state: 'online',
    confidence: 'authenticated',
    address: '192.0.2.20',
    port: 5000,
    protocol: '5.0',
    since: '2026-01-01T00:00:00.000Z',
    lastSeen: '2026-01-01T08:00:00.000Z',
};

describe('what is known of a device after a restart', () => {
    it('is neither changed nor kept alive by somebody who only claims to be it', () => {
        const told: Presence[] = [];
        const clock = new ManualClock();
        const table = new PresenceTable({
            clock,
            patience: PATIENCE,
            strangers: 10,
            listed: () => undefined,
            onPresence: (presence) => told.push(presence),
            onFlapping: () => undefined,
        });
        table.restore([KNOWN], clock.elapsed());
        for (let time = 0; time <= PATIENCE; time += 10_000) {
            table.registering(REGISTRANT, STRANGER, '5.0', 'identified', clock.elapsed());
            table.rejected(REGISTRANT, STRANGER, '5.0', 'bad-key', clock.elapsed());
            assert.equal(table.rows()[0]!.address, KNOWN.address);
            clock.advance(10_000);
            table.sweep(clock.elapsed());
        }
        assert.deepEqual(
            told.map(({ state, reason }) => `${state}/${reason}`),
            ['rejected/bad-key', 'rejected/bad-key', 'offline/silence'],
        );
    });
});
