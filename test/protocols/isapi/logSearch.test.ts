import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Fault } from '../../../protocols/errors';
import { readLogRow } from '../../../protocols/isapi/logRow';
import { LogSearch } from '../../../protocols/isapi/logSearch';
import type { EventLogOptions } from '../../../simulator/eventLog';
import { Nvr } from '../../../simulator/nvr';
import { LOGIN, requestsTo } from '../../support/requests';

const CATEGORIES = ['Alarm', 'Exception'];
const HOUR = 3_600_000;
const START = Date.parse('2026-11-20T12:00:00Z');

describe('a row of the log', () => {
    const row = (logDescriptor: object) => readLogRow({ logDescriptor });
    it('is read with the number behind metaId, or in localId', () => {
        const StartDateTime = '2026-11-20T09:00:00';
        const behind = row({ metaId: 'log.hikvision.com/Alarm/motionStart/15', StartDateTime });
        const beside = row({ metaId: 'log.hikvision.com/Alarm/motionStart', localId: 'D41', StartDateTime });
        assert.deepEqual([behind?.category, behind?.word, behind?.number], ['alarm', 'motionStart', 15]);
        assert.deepEqual([beside?.category, beside?.word, beside?.number], ['alarm', 'motionStart', 41]);
    });

    it('is read in any case, with or without descriptor and domain, and by its parts', () => {
        const small = row({ metaID: 'Alarm/alarmIn', startDateTime: '2026-11-20 09:00:00' });
        assert.deepEqual([small?.category, small?.word, small?.number], ['alarm', 'alarmIn', undefined]);
        const bare = readLogRow({
            majorType: 'Alarm',
            minorType: 'hideStart',
            channel: '2',
            logTime: '2026-11-20T09:00:00Z',
        });
        assert.deepEqual([bare?.category, bare?.word, bare?.number], ['alarm', 'hideStart', 2]);
        assert.equal(
            row({
                metaId: 'log.hikvision.com/Exception/videoLost',
                localId: 'D0',
                StartDateTime: '2026-11-20T09:00:00',
            })?.number,
            undefined,
        );
    });

    it('says its offset only where it is not the Z that recorders write behind local time', () => {
        const at = (StartDateTime: string) => row({ metaId: 'x.y/Alarm/motionStart/1', StartDateTime });
        const wall = Date.parse('2026-11-20T09:00:00Z');
        for (const text of ['2026-11-20T09:00:00', '2026-11-20T09:00:00Z', '2026-11-20T09:00:00+00:00']) {
            assert.deepEqual([at(text)?.wall, at(text)?.offset], [wall, undefined]);
        }
        assert.deepEqual(
            [at('2026-11-20T09:00:00-03:00')?.wall, at('2026-11-20T09:00:00-03:00')?.offset],
            [wall, -180],
        );
    });

    it('without a time or a word is none', () => {
        for (const item of [
            {},
            { logDescriptor: 'nonsense' },
            { logDescriptor: { metaId: 'log.hikvision.com/Alarm/motionStart/1' } },
            { logDescriptor: { metaId: 'log.hikvision.com', StartDateTime: '2026-11-20T09:00:00' } },
            { logDescriptor: { metaId: 'a.b/Alarm/motionStart', StartDateTime: 'yesterday' } },
            { logDescriptor: { metaId: 'a.b/Alarm/motionStart', StartDateTime: '2026-13-40T99:00:00' } },
        ]) {
            assert.equal(readLogRow(item), undefined);
        }
    });
});

describe('the search of a log', () => {
    const toClose: { close(): unknown }[] = [];
    afterEach(async () => {
        for (const one of toClose.splice(0).reverse()) await one.close();
    });

    async function recorder(log: Partial<EventLogOptions> = {}): Promise<{ nvr: Nvr; search: LogSearch }> {
        const nvr = await new Nvr({ login: LOGIN, offset: 0, log }).listen();
        const client = requestsTo(nvr);
        toClose.push(nvr, client);
        const ask = (request: Parameters<typeof client.requests.send>[0]) => client.requests.send(request, {});
        return { nvr, search: new LogSearch({ ask, mostRows: 5000 }) };
    }
    const fill = (nvr: Nvr, count: number, step = 1000) => {
        for (let n = 0; n < count; n += 1) {
            nvr.log.add({
                category: 'Alarm',
                word: n % 2 === 0 ? 'motionStart' : 'motionStop',
                number: 1,
                at: START + n * step,
            });
        }
    };
    const span = { from: START - 1000, to: START + 24 * HOUR };

    it('gives the rows of its categories in order, over pages, and of both categories', async () => {
        const { nvr, search } = await recorder();
        fill(nvr, 150);
        nvr.log.add({ category: 'Exception', word: 'videoLost', number: 3, at: START + 500 });
        nvr.log.add({ category: 'Operation', word: 'remoteLogin', at: START + 700 });
        const { rows, incomplete } = await search.rows(CATEGORIES, span);
        assert.equal(rows.length, 151);
        assert.deepEqual(
            rows.slice(0, 3).map(({ word }) => word),
            ['motionStart', 'videoLost', 'motionStop'],
        );
        assert.equal(incomplete, undefined);
        assert.deepEqual(
            nvr.log.asked.slice(0, 3).map(({ metaId, position }) => [metaId, position]),
            [
                ['log.std-cgi.com/Alarm', 0],
                ['log.std-cgi.com/Alarm', 64],
                ['log.std-cgi.com/Alarm', 128],
            ],
        );
    });

    for (const [how, log] of [
        ['by another domain', { domains: ['log.hikvision.com'] }],
        ['with braces around its id', { braces: true }],
        ['as a whole, where its filter finds nothing', { filters: false }],
        ['by another domain, as a whole', { domains: ['log.hikvision.com'], filters: false }],
        ['with the newest row first', { order: 'newest' }],
    ] as [string, Partial<EventLogOptions>][]) {
        it(`finds the way in: ${how}`, async () => {
            const { nvr, search } = await recorder(log);
            fill(nvr, 100);
            nvr.log.add({ category: 'Operation', word: 'remoteLogin', at: START });
            assert.equal((await search.rows(CATEGORIES, span)).rows.length, 100);
            const asked = nvr.log.asked.length;
            assert.equal((await search.rows(CATEGORIES, span)).rows.length, 100);
            assert.ok(nvr.log.asked.length - asked <= 4, 'and keeps to it');
        });
    }

    for (const order of ['oldest', 'newest'] as const) {
        it(`goes on where the device ends a search after 2000 rows as if there were no more (${order} first)`, async () => {
            const { nvr, search } = await recorder({ order });
            fill(nvr, 4500, 10_000);
            const { rows, incomplete } = await search.rows(CATEGORIES, { from: START, to: START + 24 * HOUR });
            assert.equal(incomplete, undefined);
            assert.equal(rows.length, 4500);
        });
    }

    it('goes on by time where the device gives the same page for every position', async () => {
        const { nvr, search } = await recorder({ pages: 'repeated' });
        fill(nvr, 200);
        const { rows, incomplete } = await search.rows(CATEGORIES, span);
        assert.deepEqual([rows.length, incomplete], [200, undefined]);
    });

    it('ends where the device never does, and says so', async () => {
        const { nvr, search } = await recorder({ pages: 'endless' });
        fill(nvr, 130);
        const { rows, incomplete } = await search.rows(CATEGORIES, span);
        assert.equal(rows.length, 130);
        assert.match(incomplete!, /repeats/);
        assert.ok(nvr.log.asked.length < 20, `${nvr.log.asked.length} questions`);
    });

    it('takes no more rows than it was allowed', async () => {
        const { nvr, search } = await recorder({ cap: 1_000_000 });
        fill(nvr, 6000);
        const { rows, incomplete } = await search.rows(CATEGORIES, span);
        assert.equal(rows.length, 5000);
        assert.match(incomplete!, /5000/);
    });

    it('counts what it cannot read, and says what is no answer of a log', async () => {
        const { nvr, search } = await recorder();
        const items = [
            {
                logDescriptor: {
                    metaId: 'log.hikvision.com/Alarm/motionStart/1',
                    StartDateTime: '2026-11-20T12:00:05',
                },
            },
            { logDescriptor: '' },
            { logDescriptor: { metaId: '////', StartDateTime: '0' } },
        ];
        const content = { responseStatusStrg: 'OK', numOfMatches: 3, matchList: { searchMatchItem: items } };
        nvr.misbehave('POST', '/ISAPI/ContentMgmt/logSearch', (exchange) => exchange.xml('CMSearchResult', content), 2);
        const { rows, unreadable } = await search.rows(CATEGORIES, span);
        assert.equal(rows.length, 1);
        assert.equal(unreadable, 4);
        nvr.misbehave(
            'POST',
            '/ISAPI/ContentMgmt/logSearch',
            (exchange) => exchange.send(200, 'text/html', '<html>'),
            9,
        );
        await assert.rejects(search.rows(CATEGORIES, span), (fault: Fault) => fault.code === 'ANSWER_UNREADABLE');
    });

    for (const [how, log] of [
        ['refuses it', { supported: false }],
        ['takes none of the forms', { domains: [] }],
    ] as [string, Partial<EventLogOptions>][]) {
        it(`cannot be had where the device ${how}`, async () => {
            const { search } = await recorder(log);
            await assert.rejects(search.rows(CATEGORIES, span), (thrown: unknown) => {
                const fault = Fault.from(thrown);
                return fault.code === 'NOT_SUPPORTED' && fault.details.reason !== undefined;
            });
        });
    }

    it('tells whether there is anything at all in a span', async () => {
        const { nvr, search } = await recorder({ filters: false });
        nvr.log.add({ category: 'Operation', word: 'remoteLogin', at: START });
        assert.equal(await search.hasAny({ from: START, to: START + 1000 }), true);
        assert.equal(await search.hasAny({ from: START + 5000, to: START + 6000 }), false);
    });
});
