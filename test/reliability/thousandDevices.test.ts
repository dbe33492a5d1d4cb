import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { HttpClient } from '../../protocols/http/client';
import { AlertStream, type ConnectionState } from '../../protocols/isapi/alertStream';
import { IsupListener } from '../../protocols/isup/listener';
import { IsupFleet } from '../../simulator/isupFleet';
import { eventStream } from '../protocols/isapi/support/scriptedDevice';
import { until } from '../protocols/p2p/support/waiting';
import { ChaosProxy } from '../support/chaosProxy';
import { streamPart, xmlEvent } from '../support/wireBytes';
import { amount, SEED } from './extent';

const DEVICES = amount(300, 1000);
/** Milliseconds; generous, because both sides run in this process. */
const PATIENCE = 240_000;
/** How often all of them are gone at once. */
const TIMES = amount(1, 5);

describe(`${DEVICES} devices that come back at once`, () => {
    it('streams are all open again, and every event from then on arrives', async (test) => {
        const part = streamPart('boundary', 'application/xml', xmlEvent('VMD'));
        const open = new Set<ServerResponse>();
        const sockets = new Set<Socket>();
        const server = createServer((request, response) => {
            open.add(response);
            response.on('close', () => open.delete(response));
            eventStream()(response, request, Buffer.alloc(0));
        });
        server.on('connection', (socket) => {
            sockets.add(socket);
            socket.on('close', () => sockets.delete(socket));
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 2048, resolve));
        const { port } = server.address() as AddressInfo;
        const states: ConnectionState[] = new Array(DEVICES).fill('offline');
        const parts: number[] = new Array(DEVICES).fill(0);
        const clients = states.map(() => new HttpClient({ protocol: 'http', host: '127.0.0.1', port, auth: 'none' }));
        const streams = clients.map(
            (client, at) =>
                new AlertStream({
                    ...{ open: (request) => client.open(request), mode: 'alertStream', watchdog: 60 },
                    listener: {
                        onPart: () => {
                            parts[at]! += 1;
                        },
                        onConnection: ({ state }) => {
                            states[at] = state;
                        },
                    },
                }),
        );
        const online = () => states.filter((state) => state === 'online').length;
        const delay = monitorEventLoopDelay({ resolution: 10 });
        try {
            for (const stream of streams) stream.start();
            await until('all online', () => online() === DEVICES, PATIENCE);
            for (let time = 1; time <= TIMES; time += 1) {
                delay.enable();
                const gone = Date.now();
                for (const socket of sockets) socket.destroy();
                await until('all are gone', () => open.size === 0);
                await until('all online again', () => online() === DEVICES && open.size === DEVICES, PATIENCE);
                delay.disable();
                for (const response of open) response.write(part);
                await until('an event of each', () => parts.every((count) => count === time), PATIENCE);
                const longest = (delay.max / 1e6).toFixed(0);
                test.diagnostic(
                    `${DEVICES} streams back in ${Date.now() - gone} ms, event loop held up ${longest} ms at most`,
                );
                delay.reset();
            }
        } finally {
            await Promise.all(streams.map((stream) => stream.close()));
            for (const client of clients) client.close();
            await until('no connection is left', () => sockets.size === 0);
            await new Promise((resolve) => server.close(resolve));
        }
    });

    it('ISUP devices are all online again, and no other is', async (test) => {
        const limits = { connectionRate: 1e6, waitingPerAddress: 1e5, connectionsPerAddress: 1e5 };
        const listener = new IsupListener({
            ...{
                bind: '127.0.0.1',
                port: 0,
                alarmPort: 0,
                defaultKey: 'Canary-7f3a',
                keepAlive: 15,
                misses: 6,
                limits,
            },
        });
        await listener.listen();
        const proxy = await new ChaosProxy(listener.port, SEED).listen();
        const way = { host: '127.0.0.1', port: proxy.port };
        const fleet = new IsupFleet({
            ...way,
            das: way,
            key: 'Canary-7f3a',
            count: DEVICES,
            reconnect: 500,
            together: 128,
        });
        const online = () => listener.table.counts().online;
        try {
            await fleet.start();
            await until('all online', () => online() === DEVICES, PATIENCE);
            for (let time = 1; time <= TIMES; time += 1) {
                const gone = Date.now();
                proxy.trouble('reset');
                await until('they are gone', () => online() < DEVICES / 2);
                await until(`all online again, have ${online()}`, () => online() === DEVICES, PATIENCE);
                test.diagnostic(`${DEVICES} ISUP devices back in ${Date.now() - gone} ms`);
            }
            assert.equal(listener.rows().length, DEVICES);
        } finally {
            fleet.stop();
            await proxy.close();
            await listener.close();
        }
        await until('no connection is left', () => listener.openConnections === 0);
    });
});
