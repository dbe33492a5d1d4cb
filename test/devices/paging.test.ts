import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { collect } from '../../devices/deviceRequests';
import { HttpDevice } from '../../simulator/httpDevice';
import { addRecordings } from '../../simulator/recordings';
import { addAccessHistory, type History, type HistoryOptions } from '../support/history';
import { hastyClock, LOGIN, requestsTo } from '../support/requests';

const MONTH = { startTime: '2026-09-01T00:00:00-03:00', endTime: '2026-09-30T23:59:59-03:00' };

describe('a history that comes in pages', () => {
    const terminal = new HttpDevice({ login: LOGIN });
    before(() => terminal.listen());
    after(() => terminal.close());

    /** A terminal with another memory, and a client that does not know it yet. */
    async function withHistory<T>(
        options: HistoryOptions,
        use: (link: ReturnType<typeof requestsTo>, history: History) => Promise<T>,
    ): Promise<T> {
        const history = addAccessHistory(terminal, options);
        const link = requestsTo(terminal, { clock: hastyClock() });
        try {
            return await use(link, history);
        } finally {
            link.close();
        }
    }

    const collectHistory = (link: ReturnType<typeof requestsTo>, more: Record<string, unknown> = {}) =>
        collect(link.requests.pagesOf('accessHistory', { ...MONTH, ...more }, {})!);
    const serials = (rows: readonly unknown[]) => rows.map((row) => (row as { serialNo: number }).serialNo);

    it('is read whole: one search id, positions by what was given, a page as large as the capability allows', async () => {
        await withHistory({ events: 277, page: 20 }, async (link, history) => {
            const { rows, incomplete } = await collectHistory(link);
            assert.equal(incomplete, undefined);
            assert.deepEqual(
                serials(rows),
                Array.from({ length: 277 }, (_none, index) => index + 1),
            );
            assert.equal(history.searches.length, 14);
            assert.equal(new Set(history.searches.map((search) => search.searchID)).size, 1);
            assert.deepEqual(
                history.searches.map((search) => search.searchResultPosition),
                Array.from({ length: 14 }, (_none, index) => index * 20),
            );
            const [first] = rows as { employeeNoString: string; pictureURL: string }[];
            assert.equal(first?.employeeNoString, '0000002');
            assert.match(first?.pictureURL ?? '', /@WEB/);
        });
    });

    it('comes out in the order of its numbers, whatever the order of the pages', async () => {
        await withHistory({ events: 65, order: 'descending' }, async (link) => {
            assert.deepEqual(
                serials((await collectHistory(link)).rows),
                Array.from({ length: 65 }, (_none, index) => index + 1),
            );
        });
    });

    it('that is empty is an empty list, however the device spells it', async () => {
        for (const noMatch of ['NO MATCH', 'NO MATCHES', 'NOMATCH'] as const) {
            await withHistory({ events: 0, noMatch }, async (link) => {
                assert.deepEqual((await collectHistory(link)).rows, []);
            });
        }
    });

    it('of one event is a list of one; of exactly a page ends without asking for nothing', async () => {
        for (const [events, asked] of [
            [1, 1],
            [30, 1],
            [31, 2],
        ] as const) {
            await withHistory({ events }, async (link, history) => {
                assert.equal((await collectHistory(link)).rows.length, events);
                assert.equal(history.searches.length, asked);
            });
        }
    });

    it('from a device that repeats its page ends, keeps each event once, and says so', async () => {
        await withHistory({ events: 100, stuck: true }, async (link, history) => {
            const { rows, incomplete } = await collectHistory(link);
            assert.equal(rows.length, 30);
            assert.match(incomplete ?? '', /repeats/);
            assert.equal(history.searches.length, 2);
        });
    });

    it('without capabilities is asked for with a smaller page when the usual one is refused', async () => {
        await withHistory({ events: 25, page: 10, capabilities: false }, async (link, history) => {
            assert.equal((await collectHistory(link)).rows.length, 25);
            assert.deepEqual(
                history.searches.map((search) => search.maxResults),
                [30, 10, 10, 10],
            );
        });
    });

    it('of a gateway lies under another key', async () => {
        await withHistory({ events: 3, key: 'AcsEventInfo' }, async (link) => {
            assert.equal((await collectHistory(link)).rows.length, 3);
        });
    });

    it('that the model does not keep is explained before anything is searched', async () => {
        await withHistory({ supported: false }, async (link, history) => {
            await assert.rejects(collectHistory(link), { code: 'NOT_SUPPORTED', message: /no history/ });
            assert.equal(history.searches.length, 0);
        });
    });

    it('is read only as far as somebody wants it', async () => {
        await withHistory({ events: 277 }, async (link, history) => {
            const matches = link.requests.pagesOf('accessHistory', MONTH, {})!;
            const pages = [];
            for await (const page of matches.pages) {
                pages.push(page);
                assert.equal(history.searches.length, pages.length, 'the next page waits until this one has been used');
                if (pages.length === 3) break;
            }
            assert.equal(pages[2]?.total, 277);
            assert.equal(pages[2]?.last, false);
        });
    });

    it('may also be searched for by the flow itself, as object or text', async () => {
        const condition = { AcsEventCond: { searchID: 'mine', maxResults: 12, major: 5, minor: 0, ...MONTH } };
        await withHistory({ events: 25 }, async (link, history) => {
            const path = '/ISAPI/AccessControl/AcsEvent?format=json';
            for (const body of [condition, JSON.stringify(condition)]) {
                const matches = link.requests.pagesOfRequest({ method: 'POST', path, body }, {})!;
                assert.equal((await collect(matches)).rows.length, 25);
            }
            assert.equal(history.searches[0]?.searchID, 'mine');
            assert.equal(history.searches[0]?.maxResults, 12);
            assert.throws(() => link.requests.pagesOfRequest({ path, body: {} }, {}), { code: 'BODY_INVALID' });
            assert.equal(link.requests.pagesOfRequest({ path: '/ISAPI/System/deviceInfo' }, {}), undefined);
        });
    });

    it('of recordings is read from XML with the vendor’s misspelt position', async () => {
        addRecordings(terminal, { files: 75 });
        const link = requestsTo(terminal, { clock: hastyClock() });
        try {
            const { rows } = await collect(link.requests.pagesOf('recordings', MONTH, {})!);
            assert.equal(rows.length, 75);
            assert.equal(new Set(rows.map((row) => (row as { startTime: string }).startTime)).size, 75);
            addRecordings(terminal, { files: 0, noMatch: 'NOMATCH' });
            assert.deepEqual((await collect(link.requests.pagesOf('recordings', MONTH, {})!)).rows, []);
        } finally {
            link.close();
        }
    });

    it('ends with the node that asked for it', async () => {
        await withHistory({ events: 277 }, async (link) => {
            const ending = new AbortController();
            const matches = link.requests.pagesOf('accessHistory', MONTH, { signal: ending.signal })!;
            await matches.pages.next();
            ending.abort();
            await assert.rejects(matches.pages.next(), { code: 'CLOSED' });
        });
    });
});
