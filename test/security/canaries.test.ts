import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { Canaries } from './support/canaries';

describe('the search for secrets', () => {
    const canaries = new Canaries();
    const secret = canaries.make('password');
    canaries.alsoHashed(secret, 'admin', ['IP Camera']);
    const forms: Record<string, string> = {
        'as it is': secret,
        'in a URL': `http://admin:${encodeURIComponent(secret)}@192.0.2.1/`,
        'in JSON': JSON.stringify({ nested: JSON.stringify({ secret }) }),
        'in XML': `<password>${secret.replace('&', '&amp;').replace('"', '&quot;')}</password>`,
        'in hexadecimal': Buffer.from(secret).toString('hex').toUpperCase(),
        'in the bytes of a Buffer that was written as base64': Buffer.from(`--${secret}--`).toString('base64'),
        ...Object.fromEntries(
            ['a', 'ab', 'abc', 'admin'].map((user) => [
                `in Basic, after ${user}`,
                `Authorization: Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
            ]),
        ),
        'as HA1': createHash('md5').update(`admin:IP Camera:${secret}`).digest('hex'),
        'as the sum of Dahua': createHash('md5').update(secret).digest('hex').toUpperCase(),
    };
    for (const [name, text] of Object.entries(forms)) {
        it(`finds one ${name}`, () => {
            assert.deepEqual(
                canaries.leaksIn(`before ${text} after`).map(({ canary }) => canary),
                canaries.leaksIn(text).map(() => 'password'),
            );
            assert.ok(canaries.leaksIn(text).length > 0);
        });
    }

    it('finds nothing where there is nothing', () => {
        assert.deepEqual(canaries.leaksIn('admin'.repeat(1000)), []);
    });
});
