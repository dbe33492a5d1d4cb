import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAULTS, Fault, fillSentence } from '../protocols/errors';

describe('a fault', () => {
    it('says what happened with its details filled in', () => {
        const fault = new Fault('CONNECT_REFUSED', { details: { host: '192.0.2.1', port: 80 } });
        assert.equal(fault.message, '192.0.2.1:80 refuses the connection.');
        assert.equal(fault.code, 'CONNECT_REFUSED');
        assert.match(fault.remedy, /port/);
    });

    it('keeps the cause and stays itself when wrapped again', () => {
        const cause = new Error('socket hang up');
        const fault = new Fault('CONNECTION_LOST', { cause });
        assert.equal(fault.cause, cause);
        assert.equal(Fault.from(fault), fault);
        assert.equal(Fault.from(cause).code, 'UNEXPECTED');
    });

    it('never shows a brace to a user, even where a detail is missing', () => {
        for (const { sentence, remedy } of Object.values(FAULTS)) {
            assert.doesNotMatch(fillSentence(sentence), /[{}]/);
            assert.doesNotMatch(remedy, /[{}]/);
        }
    });
});
