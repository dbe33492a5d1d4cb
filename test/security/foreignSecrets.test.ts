import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { alarmHost, device, TAB } from '../flows/flow';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { EchoDevice } from './support/echoDevice';

const SECRET = 'Canary-of-another-pack';
const SAVED = '__PWRD__';

describe('a dialog that names another node', () => {
    const echo = new EchoDevice();
    let nodeRed: RunningNodeRed;

    before(async () => {
        await echo.listen();
        nodeRed = await startNodeRed({
            flows: [
                TAB,
                device(echo.port),
                { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', autoConnect: false },
            ],
            credentials: {
                device: { username: 'admin', password: 'own' },
                broker: { user: 'vigia', password: SECRET },
            },
        });
    });
    after(async () => {
        await nodeRed?.close();
        await echo.close();
    });

    const sent = () => echo.requests.map((head) => /authorization: Basic (\S+)/i.exec(head)?.[1] ?? '').map(atob);
    const post = (path: string, body: object) =>
        fetch(nodeRed.url + path, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
        });
    const config = () => ({ host: '127.0.0.1', port: echo.port, auth: 'basic' });
    const credentials = { username: 'x', password: SAVED };

    it('sends the saved password of its own node', async () => {
        await post('/device-config/test', { id: 'device', config: config(), credentials });
        assert.ok(sent().includes('x:own'));
    });

    it('gets no password of a node of another type to send anywhere', async () => {
        for (const id of ['broker', '__proto__', 'constructor']) {
            const typed = { id, config: config(), credentials };
            await post('/device-config/test', typed);
            await post('/alarm-http-in/plan', { id, config: { auth: 'basic' }, credentials, device: typed });
            const far = { link: 'p2p', serial: 'TESTSN0000001', cloud: 'custom', cloudServer: '127.0.0.1:9' };
            await post('/intelbras-p2p-tunnel/test', { id, config: far, credentials });
        }
        assert.ok(!sent().join().includes(SECRET));
    });

    it('changes no credential of a node of another type', async () => {
        for (const id of ['broker', 'device', 'nobody', '__proto__']) {
            const answer = await post(`/isup-in/${id}/keys`, { keep: [], set: { CAM1: 'a-new-key' } });
            assert.equal(answer.status, 404, id);
        }
    });
});

describe('a TLS configuration that is not there', () => {
    it('is said, and nobody listens or connects without it', async () => {
        const nodeRed = await startNodeRed({
            flows: [
                TAB,
                alarmHost(0, { tls: 'gone' }),
                device(1, { protocol: 'https', tls: 'gone' }),
                { id: 'disabled', type: 'tls-config', d: true },
                { ...alarmHost(0, { tls: 'disabled' }), id: 'second' },
            ],
        });
        try {
            for (const id of ['alarms', 'second']) {
                await nodeRed.until(() => nodeRed.statuses.get(id)?.fill === 'red', `a red status of ${id}`);
            }
            await nodeRed.until(
                () => nodeRed.logs.filter((line) => line.includes('TLS configuration is missing')).length === 3,
                'the reason',
            );
        } finally {
            await nodeRed.close();
        }
    });
});
