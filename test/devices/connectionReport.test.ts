import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionReport } from '../../devices/connectionReport';
import { Fault } from '../../protocols/errors';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';

function told(changes: ConnectionChange[]): string[] {
    const heard: string[] = [];
    const report = new ConnectionReport((change) => heard.push(change.fault?.code ?? change.state));
    for (const change of changes) report.change(change);
    return heard;
}

const connecting: ConnectionChange = { state: 'connecting' };
const online: ConnectionChange = { state: 'online' };
const refused: ConnectionChange = { state: 'offline', fault: new Fault('CONNECT_REFUSED') };
const timeout: ConnectionChange = { state: 'offline', fault: new Fault('CONNECT_TIMEOUT') };

describe('what a flow hears of a connection', () => {
    it('is one word per change, not one per attempt', () => {
        assert.deepEqual(told([connecting, refused, connecting, refused, connecting, refused]), [
            'connecting',
            'CONNECT_REFUSED',
        ]);
    });

    it('includes another reason for the same state, and the return', () => {
        assert.deepEqual(told([connecting, refused, connecting, timeout, connecting, online, online]), [
            'connecting',
            'CONNECT_REFUSED',
            'CONNECT_TIMEOUT',
            'online',
        ]);
    });

    it('says that a lost connection is being opened again', () => {
        assert.deepEqual(told([online, connecting, online]), ['online', 'connecting', 'online']);
    });
});
