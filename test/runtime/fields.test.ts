import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { Fields } from '../../runtime/fields';

const limits = { min: 0, max: 100 };

function fieldNamed(name: string) {
    return (thrown: unknown) =>
        thrown instanceof Fault && thrown.code === 'CONFIG_INVALID' && thrown.details.field === name;
}

describe('the fields of a saved node', () => {
    it('hold numbers as the editor saves them: as text', () => {
        const fields = new Fields({ hold: '50', watchdog: 7 }, {});
        assert.equal(fields.number('hold', limits), 50);
        assert.equal(fields.number('watchdog', limits), 7);
    });

    it('take their default where they are empty or missing', () => {
        const fields = new Fields({ hold: '' }, { hold: 5, mode: 'auto' });
        assert.equal(fields.number('hold', limits), 5);
        assert.equal(fields.oneOf('mode', ['auto', 'subscribe']), 'auto');
        assert.equal(fields.optionalPort('port'), undefined);
    });

    it('say which one is wrong', () => {
        const fields = new Fields({ hold: 'soon', port: '70000', mode: 'fast', channels: 'a' }, {});
        assert.throws(() => fields.number('hold', limits), fieldNamed('hold'));
        assert.throws(() => fields.optionalPort('port'), fieldNamed('port'));
        assert.throws(() => fields.oneOf('mode', ['auto']), fieldNamed('mode'));
        assert.throws(() => fields.numbers('channels'), fieldNamed('channels'));
        assert.throws(() => new Fields({ name: {} }, {}).text('name'), fieldNamed('name'));
    });

    it('are filled in from the environment, also in the middle of a text', () => {
        const fields = new Fields({ host: 'cam-$' + '{SITE}.lan' }, {}, (text) =>
            text.replace('$' + '{SITE}', 'north'),
        );
        assert.equal(fields.text('host'), 'cam-north.lan');
    });

    it('read a list from an array or from a text with commas', () => {
        const fields = new Fields({ kinds: ['motion', ' plate '], channels: '1, 3\n5', allow: [] }, {});
        assert.deepEqual(fields.list('kinds'), ['motion', 'plate']);
        assert.deepEqual(fields.numbers('channels'), [1, 3, 5]);
        assert.deepEqual(fields.list('allow'), []);
    });
});
