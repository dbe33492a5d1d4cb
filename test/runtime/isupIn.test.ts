import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { IsupListener } from '../../protocols/isup/listener';
import { keyedIds, mergeKeys, readKeyChanges } from '../../runtime/isup/keys';
import { IsupListeners } from '../../runtime/isup/listeners';
import { readIsupIn } from '../../runtime/settings/isupIn';

const asIs = (text: string) => text;

describe('isup-in', () => {
    it('needs nothing', () => {
        assert.deepEqual(readIsupIn({}, {}, asIs), {
            bind: '0.0.0.0',
            port: 7660,
            alarmPort: 7662,
            advertise: '',
            proxyProtocol: false,
            accept: 'any',
            devices: [],
            defaultKey: '',
            keepAlive: 15,
            misses: 6,
            alarms: false,
            raw: false,
        });
    });

    it('reads its devices and their keys, from the list and from the credentials', () => {
        const { devices, defaultKey } = readIsupIn(
            { devices: [{ id: ' A ', name: 'gate' }, { id: 'B', key: 'in-the-flow' }, { id: '' }, null, 'nonsense'] },
            { key: 'default-key', keys: '{"A":"key-of-a","C":"key-of-c"}' },
            asIs,
        );
        assert.equal(defaultKey, 'default-key');
        assert.deepEqual(devices, [
            { id: 'A', name: 'gate', key: 'key-of-a' },
            { id: 'B', key: 'in-the-flow' },
            { id: 'C', key: 'key-of-c' },
        ]);
    });

    it('fills in the environment', () => {
        const values: Record<string, string> = { PUBLIC: 'isup.example.com', KEY: 'from-outside' };
        const variable = (name: string) => `\${${name}}`;
        const expand = (text: string) => {
            return Object.keys(values).reduce((filled, name) => filled.replace(variable(name), values[name]!), text);
        };
        const settings = readIsupIn({ advertise: `${variable('PUBLIC')}:7660` }, { key: variable('KEY') }, expand);
        assert.equal(settings.advertise, 'isup.example.com:7660');
        assert.equal(settings.defaultKey, 'from-outside');
    });

    it('refuses what cannot be meant, without showing a key', () => {
        for (const wrong of [{ port: 'x' }, { accept: 'some' }, { proxyProtocol: 'v3' }, { keepAlive: 0 }]) {
            assert.throws(
                () => readIsupIn(wrong, {}, asIs),
                (thrown) => thrown instanceof Fault && thrown.details.field === Object.keys(wrong)[0],
            );
        }
        assert.throws(
            () => readIsupIn({}, { keys: '{"A":"secret-key"' }, asIs),
            (thrown) => thrown instanceof Fault && !JSON.stringify([thrown.message, thrown.details]).includes('secret'),
        );
    });
});

describe('the keys of single devices', () => {
    it('are changed one by one; those of devices that left the list go', () => {
        const changes = { keep: ['A', 'B', 'D'], moved: {}, set: { B: 'new', D: 'four' } };
        const merged = mergeKeys('{"A":"1","B":"2","C":"3"}', changes);
        assert.deepEqual(JSON.parse(merged), { A: '1', B: 'new', D: 'four' });
        assert.equal(mergeKeys(undefined, { keep: [], moved: {}, set: {} }), '{}');
        assert.deepEqual(JSON.parse(mergeKeys('not json', { keep: ['A'], moved: {}, set: { A: 'x' } })), { A: 'x' });
    });

    it('go with a Device ID that is corrected', () => {
        const after = (keep: string[], moved: Record<string, string>, set = {}) =>
            JSON.parse(mergeKeys('{"A":"1","B":"2"}', { keep, moved, set }));
        assert.deepEqual(after(['A01', 'B'], { A: 'A01' }), { A01: '1', B: '2' });
        assert.deepEqual(after(['B', 'A'], { A: 'B', B: 'A' }), { A: '2', B: '1' }, 'each the other’s');
        assert.deepEqual(after(['A01', 'B', 'A'], { A: 'A01' }), { A01: '1', B: '2' }, 'another A has no key yet');
        assert.deepEqual(after(['A01'], { A: 'A01' }, { A01: 'typed' }), { A01: 'typed' });
        assert.deepEqual(after(['C01'], { C: 'C01' }), {}, 'it never had one');
    });

    it('are known by their Device IDs alone', () => {
        assert.deepEqual(keyedIds('{"A":"1","B":"","C":"3"}'), ['A', 'C']);
        assert.deepEqual(keyedIds(undefined), []);
        assert.deepEqual(keyedIds('not json'), []);
    });

    it('are taken only as the editor sends them', () => {
        const typed = { keep: ['A'], set: { A: 'x' } };
        assert.deepEqual(readKeyChanges(typed), { ...typed, moved: {} });
        assert.deepEqual(readKeyChanges({ ...typed, moved: { B: 'A' } }), { ...typed, moved: { B: 'A' } });
        for (const wrong of [
            undefined,
            {},
            { keep: 'A', set: {} },
            { keep: [1], set: {} },
            { keep: [], set: { A: 1 } },
            { keep: [], moved: { A: null }, set: {} },
            { keep: [], moved: null, set: {} },
        ]) {
            assert.equal(readKeyChanges(wrong), undefined);
        }
    });
});

describe('listeners and devices', () => {
    it('find each other, whichever is deployed first, and let go of no one else', () => {
        const listeners = new IsupListeners();
        const device = { id: 'CAM1', key: 'x' };
        const leave = listeners.enlist('isup', 'config', device);
        assert.throws(() => listeners.get('isup'), { code: 'ISUP_LISTENER_MISSING' });
        const first = new IsupListener();
        const takeBack = listeners.publish('isup', first);
        assert.equal(listeners.get('isup'), first);
        assert.equal(listeners.listed('isup', 'CAM1'), device);
        const second = new IsupListener();
        listeners.publish('isup', second);
        takeBack();
        assert.equal(listeners.find('isup'), second);
        const again = { id: 'CAM1', key: 'y' };
        listeners.enlist('isup', 'config', again);
        leave();
        assert.equal(listeners.listed('isup', 'CAM1'), again);
        assert.equal(listeners.listed('isup', 'CAM2'), undefined);
    });
});
