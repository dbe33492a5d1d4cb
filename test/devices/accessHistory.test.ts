import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { AccessHistory, type AccessHistoryOptions } from '../../devices/catchUp/accessHistory';
import { systemClock } from '../../protocols/clock';
import type { AcsHistoryOptions } from '../../simulator/access/acsHistory';
import { Terminal } from '../../simulator/terminal';
import { LOGIN, requestsTo } from '../support/requests';

/** More than the positions that devices know. */
const ROWS = 150_100;

describe('a log that is longer than a device hands out', () => {
    const device = new Terminal({ login: LOGIN, logSize: ROWS, logsClients: false, replays: false });
    const habits = { ...device.history.options };
    const ending: (() => void)[] = [];
    before(() => device.listen());
    afterEach(() => {
        for (const end of ending.splice(0)) end();
        Object.assign(device.history.options, { order: 'oldest', times: 'heeded', timeForm: undefined, ...habits });
    });
    after(() => device.close());

    function historyOf(options: Partial<AcsHistoryOptions> = {}): AccessHistory {
        Object.assign(device.history.options, options);
        const { requests, close } = requestsTo(device);
        ending.push(close);
        const ask: AccessHistoryOptions['ask'] = (request) => requests.send(request, {});
        const { signal } = new AbortController();
        return new AccessHistory({
            ask,
            abilities: requests.abilities,
            clock: systemClock,
            signal,
            told: async () => undefined,
        });
    }
    const searches = () => device.requests.filter(({ url }) => url.includes('/AcsEvent?')).length;

    for (const options of [
        { serials: 'filter' },
        { serials: 'ignored' },
        { serials: 'named' },
        { serials: 'ignored', timeForm: 'no-offset' },
        { serials: 'filter', order: 'newest' },
        { serials: 'ignored', order: 'newest' },
    ] as const) {
        it(`has its newest row found with a handful of searches (${JSON.stringify(options)})`, async () => {
            const history = historyOf(options);
            const asked = searches();
            assert.equal((await history.newest())?.serial, ROWS);
            assert.ok(searches() - asked <= 6, `${searches() - asked} searches`);
        });
    }

    it('is not read from its beginning where the device does not heed the numbers that it names', async () => {
        const history = historyOf({ serials: 'named' });
        const [last] = device.log.rows.slice(-10);
        const asked = searches();
        const time = new Date(last!.at).toISOString();
        const found = await history.row(last!.serial, { time, wall: time.slice(0, 19), doubt: 0 });
        assert.equal(found?.serial, last!.serial);
        assert.ok(searches() - asked <= 3, `${searches() - asked} searches`);
    });

    it('of which nothing more can be found is said to be incomplete', async () => {
        const history = historyOf({ serials: 'ignored' });
        // Firmware that takes no notice of times either.
        device.history.options.times = 'ignored';
        await assert.rejects(history.newest(), { code: 'HISTORY_INCOMPLETE' });
    });
});
