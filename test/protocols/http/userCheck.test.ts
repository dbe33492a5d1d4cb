import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUserCheck } from '../../../protocols/http/userCheck';

const read = (text: string) => readUserCheck(Buffer.from(text));

test('a locked terminal says for how long', () => {
    const body = `<?xml version="1.0" encoding="UTF-8"?>
<userCheck version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<statusValue>401</statusValue>
<statusString>Unauthorized</statusString>
<isDefaultPassword>false</isDefaultPassword>
<lockStatus>lock</lockStatus>
<unlockTime>1764</unlockTime>
<retryLoginTime>0</retryLoginTime>
</userCheck>`;
    assert.deepEqual(read(body), { locked: true, unlockTime: 1764, triesLeft: 0 });
});

test('one that is not locked says how many tries are left', () => {
    const body = '<userCheck><lockStatus>unlock</lockStatus><retryLoginTime>4</retryLoginTime></userCheck>';
    assert.deepEqual(read(body), { locked: false, triesLeft: 4 });
    assert.equal(
        read('<userCheck><lockStatus>unlock</lockStatus><unlockTime>1800</unlockTime></userCheck>')?.locked,
        false,
    );
});

test('prefixes, attributes, spaces and case do not matter', () => {
    const body = '<h:UserCheck><h:LockStatus opt="lock,unlock"> LOCK </h:LockStatus><h:unlockTime> 90 </h:unlockTime>';
    assert.deepEqual(read(body), { locked: true, unlockTime: 90 });
});

test('the JSON form, with numbers or strings', () => {
    assert.deepEqual(read('{\n\t"userCheck":\t{ "lockStatus":\t"lock", "unlockTime": 90, "retryLoginTime": "0" }}'), {
        locked: true,
        unlockTime: 90,
        triesLeft: 0,
    });
});

test('an old recorder says nothing that helps, nor does a page for people', () => {
    assert.equal(
        read('<userCheck><statusValue>401</statusValue><statusString>Unauthorized</statusString></userCheck>'),
        undefined,
    );
    assert.equal(read('<!DOCTYPE html><html><body><h1>401 Unauthorized</h1></body></html>'), undefined);
    assert.equal(read(''), undefined);
});

test('a time to wait alone means a lock', () => {
    assert.deepEqual(read('<userCheck><unlockTime>300</unlockTime></userCheck>'), { locked: true, unlockTime: 300 });
});

test('nonsense in the elements counts as absent', () => {
    const body = '<lockStatus>unlock</lockStatus><unlockTime>soon</unlockTime><retryLoginTime>-1</retryLoginTime>';
    assert.deepEqual(read(body), { locked: false });
});

test('only the first 8 KiB are looked at, in no time', () => {
    const late = `${'<a '.repeat(4_000)}<lockStatus>lock</lockStatus>`;
    assert.equal(read(late), undefined);
    const started = performance.now();
    for (const hostile of ['<unlockTime '.repeat(100_000), '<x:'.repeat(100_000), '"unlockTime"'.repeat(100_000)])
        read(hostile);
    assert.ok(performance.now() - started < 5_000);
});
