import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { decrypt, encrypt, masterKey, shareKey, sign, verify } from '../../../protocols/isup/keys';
import { bodyOf, identity, vectors } from './vectors';

const { key, deviceId } = identity;
const share = vectors.share_key!.text!;

function nonces(name: string): [number, number, number, number] {
    return vectors[name]!.nonces!.map((byte) => Number.parseInt(byte, 16)) as [number, number, number, number];
}

describe('the keys of ISUP 5.0', () => {
    it('come from the ISUP key and the Device ID, step by step', () => {
        const upper = (data: Buffer | string) => createHash('md5').update(data).digest('hex').toUpperCase();
        const digest = createHash('sha256').update(key).digest();
        assert.equal(digest.toString('hex'), vectors.sha256_key!.hex);
        assert.equal(upper(Buffer.concat([digest, Buffer.from(deviceId)])), vectors.md5_1!.text);
        assert.equal(upper(`${vectors.md5_1!.text}www.88075998.com`), vectors.md5_2!.text);
        assert.equal(shareKey(key, deviceId), share);
    });

    it('take all 32 bytes of the digest, also where one of them is zero', () => {
        const vector = vectors.share_key_nul!;
        const made = shareKey(vector.inputs!.key, vector.inputs!.deviceId);
        assert.equal(made, vector.text);
        assert.notEqual(made, vector.wrongIfCutAtZero);
    });

    it('mix all four nonces into the master key, in their order', () => {
        assert.equal(masterKey(share, nonces('master_key')), vectors.master_key!.text);
        assert.equal(masterKey(share, nonces('master_key_distinct')), vectors.master_key_distinct!.text);
    });

    it('sign Device ID and nonces, and accept no other signature', () => {
        const signature = Buffer.from(String(vectors.auth_i!.fields!.signature), 'hex');
        assert.deepEqual(sign(share, deviceId, 0x11), signature);
        assert.equal(verify(signature, share, deviceId, 0x11), true);
        assert.equal(verify(signature, share, deviceId, 0x12), false);
        assert.equal(verify(signature, share, 'ISUPTEST02', 0x11), false);
        assert.equal(verify(signature.subarray(1), share, deviceId, 0x11), false);
        assert.equal(verify(Buffer.alloc(0), share, deviceId, 0x11), false);
    });

    it('decrypt what they encrypted', () => {
        for (const text of ['', 'a', '0123456789ABCDEF', 'x'.repeat(1000)]) {
            assert.equal(decrypt(identity.sessionKey, encrypt(identity.sessionKey, text))?.toString(), text);
        }
        const plain = decrypt(identity.sessionKey, bodyOf('das_req').subarray(3));
        assert.equal(plain?.toString(), vectors.das_req!.plain);
    });

    it('give nothing, and never throw, for what does not decrypt', () => {
        const sealed = encrypt(identity.sessionKey, 'a message of more than one block');
        assert.equal(decrypt(identity.sessionKey, Buffer.alloc(0)), undefined);
        assert.equal(decrypt(identity.sessionKey, sealed.subarray(1)), undefined);
        assert.equal(decrypt('FFFFFFFFFFFFFFFF', sealed), undefined);
    });
});
