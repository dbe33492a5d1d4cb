import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { udpOn } from '../../../protocols/p2p/udpPort';

describe('a UDP port', () => {
    it('leaves out what is to go to port 0, as the answer to a datagram without a source', async (test) => {
        const port = await udpOn('127.0.0.1')();
        test.after(() => port.close());
        assert.doesNotThrow(() => port.send(Buffer.from('answer'), { host: '127.0.0.1', port: 0 }));
    });
});
