import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawClient, until, withListener } from './rig';
import { vectors, wire } from './vectors';

describe('altered frames', () => {
    it('of every vector, sent to a listener that goes on serving', async () => {
        const limits = { connectionRate: 100_000, waitingPerAddress: 10_000 };
        await withListener({ limits }, async (rig) => {
            const names = Object.keys(vectors).filter((name) => vectors[name]!.from === 'device' && vectors[name]!.hex);
            for (const name of names) {
                const clients: RawClient[] = [];
                const bytes = wire(name);
                for (let at = 0; at < bytes.length; at += 11) {
                    const altered = Buffer.from(bytes);
                    altered[at] = altered[at]! ^ 0xff;
                    const client = await RawClient.open(rig.port);
                    client.send(altered);
                    clients.push(client);
                }
                for (const client of clients) client.destroy();
            }
            await until('all closed', () => rig.listener.openConnections === 0);
            const client = await rig.open();
            client.send(wire('auth_i'), wire('auth_iii'));
            await client.take(39 + 72);
            assert.equal(
                rig.presence.some((one) => one.state === 'online'),
                false,
            );
        });
    });
});
