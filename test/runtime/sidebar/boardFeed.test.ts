import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { BoardFeeds } from '../../../runtime/sidebar/boardFeed';
import { DeviceBoard } from '../../../runtime/sidebar/deviceBoard';
import { ManualClock } from '../../support/manualClock';

const MINUTE = 60_000;

describe('the feed of a sidebar', () => {
    let clock: ManualClock;
    let board: DeviceBoard;
    let feeds: BoardFeeds;
    let server: Server;

    before(async () => {
        server = createServer((request, response) => {
            const answer = Object.assign(response, {
                sendStatus: (status: number) => response.writeHead(status).end(),
            });
            feeds.serve(request as never, answer as never);
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
    });

    after(() => server.close());

    beforeEach(() => {
        clock = new ManualClock();
        board = new DeviceBoard(clock);
        feeds = new BoardFeeds(board, clock);
    });

    const open = async (): Promise<IncomingMessage> => {
        const { port } = server.address() as AddressInfo;
        const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
            IncomingMessage,
        ];
        return response.setEncoding('utf8');
    };

    const next = async (response: IncomingMessage) => String(((await once(response, 'data')) as [string])[0]);

    const device = (id: string) => board.section(id).add('', { way: 'direct', identity: { name: id }, names: [] });

    it('begins with everything, then tells what changes', async () => {
        const gate = device('gate');
        const response = await open();
        assert.match(response.headers['content-type']!, /^text\/event-stream/);
        assert.equal(response.headers['cache-control'], 'no-store, no-transform');
        const first = await next(response);
        assert.match(first, /^data: \{"all":true.*\}\n\n$/);
        gate.enter('online');
        clock.advance(1000);
        const update = JSON.parse((await next(response)).slice('data: '.length));
        assert.deepEqual([update.all, update.cards[0].state], [false, 'online']);
        feeds.close();
        await once(response, 'end');
        assert.deepEqual([feeds.size, clock.pending], [0, 0]);
    });

    it('ends with the browser, and leaves no timer', async () => {
        const response = await open();
        await next(response);
        assert.equal(feeds.size, 1);
        response.destroy();
        while (feeds.size > 0) await new Promise(setImmediate);
        assert.equal(clock.pending, 0);
    });

    it('shows proxies that it is alive, and ends after a quarter of an hour, so that the login is shown again', async () => {
        const response = await open();
        await next(response);
        clock.advance(25_000);
        assert.equal(await next(response), ':\n\n');
        response.resume();
        clock.advance(15 * MINUTE);
        await once(response, 'end');
        assert.deepEqual([feeds.size, clock.pending], [0, 0]);
    });

    it('tells a browser that was too slow everything once, in place of all that it missed', async () => {
        const gate = device('gate');
        // Cards large enough to fill every buffer on the way.
        for (let count = 0; count < 300; count += 1) device(`device ${count} ${'x'.repeat(3000)}`);
        const response = await open();
        response.pause();
        for (let second = 0; second < 60; second += 1) {
            device(`late ${second}`);
            clock.advance(1000);
        }
        gate.enter('online');
        clock.advance(1000);
        let text = '';
        response.on('data', (chunk: string) => {
            text += chunk;
        });
        response.resume();
        while (!text.includes('"state":"online"')) await new Promise(setImmediate);
        const records = text.split('\n\n').filter((record) => record.startsWith('data: '));
        assert.ok(records.length < 40, `${records.length} records for 62 changes`);
        feeds.close();
    });

    it('is refused beyond thirty-two', async () => {
        const all = await Promise.all(Array.from({ length: 33 }, open));
        const refused = all.filter(({ statusCode }) => statusCode === 503);
        assert.equal(refused.length, 1);
        for (const response of all) response.resume();
        feeds.close();
        await Promise.all(all.map((response) => response.complete || once(response, 'end')));
    });
});
