import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceEvent, DeviceIdentity } from '../../events/deviceEvent';
import { topicLevel, topicOf } from '../../events/topic';
import { alert, readOne } from './support';

function topic(device: DeviceIdentity, fields: Partial<DeviceEvent> = {}): string {
    return topicOf({ ...readOne(alert({ eventType: 'linedetection', channelID: 3 })), device, ...fields });
}

describe('the topic of an event', () => {
    it('is device, channel and kind', () => {
        assert.equal(topic({ name: 'portaria', address: '10.0.0.1' }), 'portaria/3/line-crossing');
        assert.equal(topic({ name: 'portaria' }, { channel: null, kind: 'DiskFull' }), 'portaria/0/diskfull');
    });

    it('calls the device by what is known of it', () => {
        assert.equal(topic({ address: '10.0.0.1', serial: 'S' }), '10.0.0.1/3/line-crossing');
        assert.equal(topic({ id: 'GATE01', address: '10.0.0.1' }), 'GATE01/3/line-crossing');
        assert.equal(topic({ mac: '00:00:5e:00:53:01' }), '00:00:5e:00:53:01/3/line-crossing');
        assert.equal(topic({}), 'device/3/line-crossing');
        assert.equal(topic({ name: '+', id: ' ', address: '10.0.0.1' }), '10.0.0.1/3/line-crossing');
    });

    it('has three levels that a broker accepts, whatever the names', () => {
        const names = [
            'a/b',
            '#',
            '+/#',
            '$SYS/x',
            'Portão  1º',
            'x'.repeat(70_000),
            '\u0000\u0007',
            '\ud800',
            '𝒳'.repeat(200),
            '/',
        ];
        for (const name of names) {
            const levels = topic({ name }, { kind: name }).split('/');
            assert.equal(levels.length, 3);
            for (const level of levels) {
                assert.match(level, /^[^\s+#/$\p{Cc}]+$/u);
                assert.equal(Buffer.from(level).toString(), level);
                assert.ok(level.length <= 64);
            }
        }
        assert.equal(topicLevel('Portão  1º'), 'Portão-1º');
    });
});
