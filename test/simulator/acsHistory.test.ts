import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Terminal, type TerminalOptions } from '../../simulator/terminal';
import { ManualClock } from '../support/manualClock';
import { curl } from './support';

const RIGHT = 'admin:vigia123';

describe('the history of a simulated access terminal', () => {
    const started: Terminal[] = [];
    afterEach(async () => {
        for (const device of started.splice(0)) await device.close();
    });
    async function terminal(options: TerminalOptions = {}): Promise<Terminal> {
        const device = await new Terminal(options).listen();
        started.push(device);
        return device;
    }
    const ask = async (device: Terminal, method: string, path: string, body = '') =>
        await curl(`${device.origin}/ISAPI/AccessControl/${path}`, RIGHT, '-X', method, '--data-binary', body);

    it('pages through its history', async () => {
        const device = await terminal({ logSize: 45 });
        const page = async (searchResultPosition: number) => {
            const AcsEventCond = { searchID: 'x', searchResultPosition, maxResults: 20, major: 0, minor: 0 };
            const { body } = await ask(device, 'POST', 'AcsEvent?format=json', JSON.stringify({ AcsEventCond }));
            return JSON.parse(body.toString()).AcsEvent;
        };
        const pages = [await page(0), await page(20), await page(40), await page(45)];
        assert.deepEqual(
            pages.map(({ responseStatusStrg }) => responseStatusStrg),
            ['MORE', 'MORE', 'OK', 'NO MATCH'],
        );
        assert.deepEqual(
            pages.map(({ numOfMatches }) => numOfMatches),
            [20, 20, 5, 0],
        );
        assert.equal(pages[3].InfoList, undefined);
        assert.ok(pages.every(({ totalMatches, searchID }) => totalMatches === 45 && searchID === 'x'));
        assert.deepEqual(
            [pages[2].InfoList[0].major, pages[2].InfoList[0].minor, pages[2].InfoList[0].serialNo],
            [5, 21, 41],
        );
    });

    it('searches by code, person, serial and time, and refuses pages that are too large', async () => {
        const clock = new ManualClock();
        const device = await terminal({ clock, offset: -180, logSize: 0, history: { maxResults: 10 } });
        for (let index = 0; index < 4; index++) {
            device.emit({ major: 5, minor: index % 2 ? 75 : 21, employee: `000${index}` });
            clock.advance(60_000);
        }
        const serials = async (condition: object) => {
            const AcsEventCond = { searchID: 'x', searchResultPosition: 0, maxResults: 10, ...condition };
            const { body } = await ask(device, 'POST', 'AcsEvent?format=json', JSON.stringify({ AcsEventCond }));
            return (
                JSON.parse(body.toString()).AcsEvent.InfoList?.map((row: { serialNo: number }) => row.serialNo) ?? []
            );
        };
        assert.deepEqual(await serials({ major: 5, minor: 75 }), [2, 4]);
        assert.deepEqual(await serials({ employeeNoString: '0002' }), [3]);
        assert.deepEqual(await serials({ beginSerialNo: 2, endSerialNo: 3 }), [2, 3]);
        assert.deepEqual(await serials({ startTime: '2026-01-15T12:02:00Z' }), [3, 4]);
        assert.deepEqual(await serials({ startTime: '2026-01-15T09:02:00', endTime: '2026-01-15T09:02:59' }), [3]);
        assert.deepEqual(await serials({ timeReverseOrder: true }), [4, 3, 2, 1]);
        const large = { AcsEventCond: { searchResultPosition: 0, maxResults: 11 } };
        assert.equal((await ask(device, 'POST', 'AcsEvent?format=json', JSON.stringify(large))).status, 400);
        const { body } = await ask(device, 'GET', 'AcsEvent/capabilities?format=json');
        assert.equal(JSON.parse(body.toString()).AcsEvent.AcsEventCond.maxResults['@max'], 10);
    });

    it('keeps the pictures of its history behind the login, at an address with an @WEB suffix', async () => {
        const device = await terminal({ logSize: 5 });
        const AcsEventCond = { searchID: 'x', searchResultPosition: 0, maxResults: 30, minor: 75, picEnable: true };
        const { body } = await ask(device, 'POST', 'AcsEvent?format=json', JSON.stringify({ AcsEventCond }));
        const { pictureURL } = JSON.parse(body.toString()).AcsEvent.InfoList[0];
        assert.match(pictureURL, /\.jpeg@WEB\d{12}$/);
        assert.equal((await curl(pictureURL, undefined)).status, 401);
        assert.equal((await curl(pictureURL, RIGHT)).body.subarray(0, 2).toString('hex'), 'ffd8');
    });

    it('may know no history at all', async () => {
        const device = await terminal({ history: { supported: false } });
        const { status, body } = await ask(
            device,
            'POST',
            'AcsEvent?format=json',
            '{"AcsEventCond":{"maxResults":10}}',
        );
        assert.equal(status, 403);
        assert.equal(JSON.parse(body.toString()).subStatusCode, 'notSupport');
    });
});
