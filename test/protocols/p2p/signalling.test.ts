import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
    addressKey,
    decryptAddress,
    deviceAuth,
    encryptAddress,
    masterKey,
    readDeviceInfo,
    writeDeviceInfo,
} from '../../../protocols/p2p/deviceLogin';
import {
    readAddress,
    readAddresses,
    readRequest,
    readResponse,
    readTag,
    writeRequest,
} from '../../../protocols/p2p/message';
import { chooseProfile, DMSS, EASY4IP } from '../../../protocols/p2p/profiles';
import { readStun, writeStun } from '../../../protocols/p2p/stun';
import { wsseDigest, wsseTime } from '../../../protocols/p2p/wsse';

describe('the signature of a client towards the cloud', () => {
    it('equals the golden digests of the three identities', () => {
        assert.equal(wsseDigest(42, '2026-09-06T12:00:00Z', EASY4IP), '2+go9D1pKW5ykn3ePUMZkhMmITo=');
        assert.equal(wsseDigest(42, '2026-09-06T12:00:00+03:00', DMSS), 'VSIOT9Z5Ht/rmuQ677AZ5CzIbOk=');
    });

    it('equals a digest seen in real traffic', () => {
        // The identity of clients before 2024; some servers still take it, others answer 403 (khoanguyen-3fc/dh-p2p#9).
        const old = { ...EASY4IP, username: 'P2PClient', key: 'YXQ3Mahe-5H-R1Z_' };
        assert.equal(wsseDigest(126839946, '2024-06-07T02:31:50Z', old), 'HkuFHhEl5VFGBwSBAtBfEsyhW8g=');
    });

    it('writes the time as UTC in whole seconds', () => {
        assert.equal(wsseTime(Date.UTC(2026, 8, 6, 12, 0, 0, 987)), '2026-09-06T12:00:00Z');
    });
});

describe('the login of a recorder inside the cloud', () => {
    const credentials = { username: 'admin', password: 'pass123' };
    const master = masterKey(credentials, 'Rs4lt');

    it('hashes user, salt and password into the master key', () => {
        assert.equal(master, 'E09866C7DE38480830B5C41C3EB39768');
        assert.equal(masterKey(credentials, ''), '9723DB45DF967E76FC6796F42D2A3B50');
    });

    it('derives the key of the address from the nonce, which may be negative', async () => {
        const plus = 'b372ad6b00ff576fa244fcb622b5297cbd5bd5050ff7263a3f624ac4460296c6';
        const minus = '4006ae1e993bfa13a0d6851321fdc94d0ddbc5093b514ebc99b2dc261ed087b7';
        assert.equal((await addressKey(master, 777)).toString('hex'), plus);
        assert.equal((await addressKey(master, -777)).toString('hex'), minus);
    });

    it('encrypts one address or several, and reads them back', async () => {
        const key = await addressKey(master, 777);
        const several = '192.168.1.10,10.8.0.2,127.0.0.1:50000';
        assert.equal(encryptAddress(key, '127.0.0.1:40000'), '/R40Newcuzi0faikzfZA');
        assert.equal(encryptAddress(key, several), '/RUxNe0Eszi0aa2k0fdAt/DT5jpJHZfKSE2h6nszQKlDw+8oYQ==');
        assert.equal(decryptAddress(key, encryptAddress(key, several)), several);
        assert.equal(decryptAddress(await addressKey(master, 778), encryptAddress(key, several)), undefined);
    });

    it('proves the password over the encrypted address, never over the plain one', () => {
        const first = deviceAuth(master, 777, 1700000000, '/R40Newcuzi0faikzfZA');
        const several = deviceAuth(master, 777, 1700000000, '/RUxNe0Eszi0aa2k0fdAt/DT5jpJHZfKSE2h6nszQKlDw+8oYQ==');
        assert.equal(first, 't2Cqkm5AuqmP1raemFgKyu6CmoJeIOZIevOQYZbF3gE=');
        assert.equal(several, 'Ziefve2EE7bCo9XcmxOXgJUpMflIzUkaFIOD3jlpbqg=');
        assert.equal(deviceAuth(master, 777, 1700000000, ''), '/y8wbd82UOHXikXsAiDHauKuNiTWbwoSjizTrS871gg=');
        assert.notEqual(first, '9LWQ1/RY6DvOduVBs8UhiMn8/CB79u14N5s9b/qz8Gg=');
    });

    it('reads salt and ports from the Info blob', () => {
        const plain = '{"httpport":80,"privport":37777,"randsalt":"Rs4lt","rtspport":554,"tlsprivport":37778}';
        const info =
            'sLwAgMEOWisMO6lxixpYDeXWpVnxEMzxsPtceu7wdf9YvYtrdJYDcU6Dh6y8J6BLN2r4cEIw2eUp1hhGkBNQms01HB2E18eG1x0QvBPR561yKwsXrp0=';
        assert.equal(writeDeviceInfo(plain), info);
        assert.deepEqual(readDeviceInfo(info), {
            randsalt: 'Rs4lt',
            httpPort: 80,
            privatePort: 37777,
            rtspPort: 554,
        });
        assert.equal(writeDeviceInfo('{\n   "httpport" : 80,'), 'sJRI1JVcQjAKP/skwV5WD6+E9B+t');
    });

    it('takes an empty or unreadable Info for a device without salt', () => {
        assert.equal(readDeviceInfo('').randsalt, '');
        assert.equal(readDeviceInfo('AAAA').randsalt, '');
        assert.equal(readDeviceInfo(writeDeviceInfo('null')).randsalt, '');
        assert.deepEqual(readDeviceInfo(writeDeviceInfo('{"randsalt":5,"privport":"x"}')), {
            randsalt: '',
            httpPort: undefined,
            privatePort: undefined,
            rtspPort: undefined,
        });
    });
});

describe('the datagrams of the cloud', () => {
    const signature = { nonce: 42, created: '2026-09-06T12:00:00Z' };

    it('are DHGET without and DHPOST with a body, whose type is named by an empty header', () => {
        const get = writeRequest(EASY4IP, { path: '/probe/p2psrv', cseq: 1, signature }).toString();
        assert.ok(get.startsWith('DHGET /probe/p2psrv HTTP/1.1\r\nCSeq: 1\r\nAuthorization: WSSE '));
        assert.ok(get.endsWith('Created="2026-09-06T12:00:00Z"\r\n\r\n'));
        assert.ok(!get.includes('Content-'));
        const post = writeRequest(EASY4IP, { path: '/x', cseq: 2, body: '<body></body>' }).toString();
        assert.ok(post.startsWith('DHPOST /x HTTP/1.1\r\n'));
        assert.ok(post.endsWith('Content-Type: \r\nContent-Length: 13\r\n\r\n<body></body>'));
        assert.ok(!post.includes('WSSE'));
    });

    it('put the extra headers of the DMSS app first', () => {
        const text = writeRequest(DMSS, { path: '/online/stun', cseq: -7, requestId: 'ab'.repeat(16) }).toString();
        const lines = text.split('\r\n');
        assert.equal(lines[0], 'NFGET /online/stun HTTP/1.1');
        assert.deepEqual(
            lines.slice(1, 6).map((line) => line.split(':')[0]),
            ['X-Version', 'X-Sversion', 'x-pcs-request-id', 'X-ToUType', 'CSeq'],
        );
    });

    it('are read with the same eyes by both sides', () => {
        const call = readRequest(writeRequest(EASY4IP, { path: '/a', cseq: 3, body: 'B', signature }));
        assert.equal(call?.method, 'POST');
        assert.equal(call?.headers.cseq, '3');
        assert.equal(call?.body, 'B');
        const answer = readResponse(
            Buffer.from('HTTP/1.1 200 Server Nat Info!\r\nCSeq: 3\r\nContent-Length: 2\r\n\r\nhi\r\n'),
        );
        assert.deepEqual(
            { ...answer, headers: { ...answer?.headers } },
            {
                status: 200,
                reason: 'Server Nat Info!',
                headers: { cseq: '3', 'content-length': '2' },
                body: 'hi',
            },
        );
    });

    it('are ignored where they are nonsense', () => {
        for (const text of ['', 'HTTP/1.1', 'HTTP/1.1 abc no', 'PTCP', 'GET / HTTP/1.1\r\n\r\n']) {
            assert.equal(readResponse(Buffer.from(text)), undefined);
            assert.equal(readRequest(Buffer.from(text)), undefined);
        }
    });

    it('hold flat elements', () => {
        assert.equal(readTag('<?xml?><body><DS>1.2.3.4:5</DS></body>', 'DS'), '1.2.3.4:5');
        assert.equal(readTag('<body><DS>1.2.3.4', 'DS'), undefined);
        assert.equal(readTag('<body></body>', 'DS'), undefined);
    });

    it('name addresses, of which only real IPv4 ones count', () => {
        assert.deepEqual(readAddress('192.0.2.7:8803'), { host: '192.0.2.7', port: 8803 });
        for (const bad of [
            '192.0.2.256:1',
            '192.0.2.7',
            ':0',
            '192.0.2.7:0',
            '192.0.2.7:65536',
            'host:80',
            undefined,
        ]) {
            assert.equal(readAddress(bad), undefined);
        }
        assert.deepEqual(readAddresses('192.0.2.1,192.0.2.2,192.0.2.1:40000'), [
            { host: '192.0.2.1', port: 40000 },
            { host: '192.0.2.2', port: 40000 },
        ]);
        assert.deepEqual(readAddresses('nonsense'), []);
    });
});

describe('a hole-punching message', () => {
    const request = Buffer.from(
        'fffeffe7010203040102030405060708090a0b0c7fd5fff7eeddccbbaa998877fffbfff7fffea34d34ff8ef8',
        'hex',
    );

    it('is a binding request with every byte turned', () => {
        const wire = writeStun({
            kind: 'request',
            cookie: Buffer.from('01020304', 'hex'),
            transaction: Buffer.from('0102030405060708090a0b0c', 'hex'),
            identify: Buffer.from('1122334455667788', 'hex'),
            address: { host: '203.0.113.7', port: 23730 },
        });
        assert.equal(wire.toString('hex'), request.toString('hex'));
    });

    it('is read back with all its fields', () => {
        const read = readStun(request);
        assert.equal(read?.kind, 'request');
        assert.equal(read?.identify.toString('hex'), '1122334455667788');
        assert.deepEqual(read?.address, { host: '203.0.113.7', port: 23730 });
    });

    it('may be a short confirmation without address', () => {
        const part = { cookie: Buffer.alloc(4, 1), transaction: Buffer.alloc(12, 2), identify: Buffer.alloc(8, 3) };
        const wire = writeStun({ kind: 'confirm', ...part });
        assert.equal(wire.length, 32);
        assert.equal(wire.subarray(0, 4).toString('hex'), 'fefefff3');
        assert.equal(readStun(wire)?.kind, 'confirm');
    });

    it('is ignored where it is cut off or something else', () => {
        for (let length = 0; length < request.length; length += 1) {
            assert.equal(readStun(request.subarray(0, length)), undefined);
        }
        assert.equal(readStun(Buffer.alloc(44)), undefined);
    });
});

describe('a cloud profile', () => {
    it('is one of the known identities, any field of which can be replaced', () => {
        assert.equal(chooseProfile({ cloud: 'easy4ip' }).host, 'www.easy4ipcloud.com');
        assert.equal(chooseProfile({ cloud: 'dmss' }).dialect, 'nf');
        const own = chooseProfile({ cloud: 'custom', server: 'p2p.example:9900', username: 'U', key: 'K' });
        assert.deepEqual(own, {
            name: 'p2p.example',
            host: 'p2p.example',
            port: 9900,
            username: 'U',
            key: 'K',
            dialect: 'dh',
        });
        assert.equal(chooseProfile({ cloud: 'easy4ip', server: '127.0.0.1' }).port, 8800);
    });
});
