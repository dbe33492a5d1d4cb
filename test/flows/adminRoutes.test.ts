import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { device, TAB } from './flow';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };
/** bcrypt of “reader”; made once, as it takes its time. */
const HASH = '$2b$04$JwKOnvIzMUxOVPnPl7K.s.r5ZEIzdCx1dxy40zDBpoLJBrH4./OwC';

const WRITING = [
    ...['test', 'discover', 'diagnostics', 'knowledge'].map((name) => `device-config/${name}`),
    ...['plan', 'configure', 'release', 'examine'].map((name) => `alarm-http-in/${name}`),
];
const READING = ['alarm-http-in/seen'];

describe('the admin routes of the buttons', () => {
    let nodeRed: RunningNodeRed;
    let camera: Camera;

    before(async () => {
        camera = await new Camera({ login: LOGIN }).listen();
        nodeRed = await startNodeRed({
            flows: [TAB, device(camera.port)],
            credentials: { device: LOGIN },
            settings: {
                httpAdminRoot: '/admin',
                adminAuth: {
                    type: 'credentials',
                    users: [{ username: 'reader', password: HASH, permissions: 'read' }],
                },
            },
        });
    });

    after(async () => {
        await nodeRed?.close();
        await camera?.close();
    });

    const post = (path: string, token?: string) =>
        fetch(`${nodeRed.url}/${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
            body: JSON.stringify({ id: 'device', config: { host: '127.0.0.1', port: camera.port } }),
        });

    for (const path of [...WRITING, ...READING]) {
        it(`refuse ${path} to whoever is not logged in, and nothing reaches the device`, async () => {
            assert.equal((await post(path)).status, 401);
            assert.equal(camera.requests.length, 0);
        });
    }

    it('refuse the list of ready operations to whoever is not logged in', async () => {
        assert.equal((await fetch(`${nodeRed.url}/isapi-request/operations`)).status, 401);
    });

    it('refuse what uses the saved password to a user who may only read', async () => {
        const answer = await fetch(`${nodeRed.url}/auth/token`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
                client_id: 'node-red-editor',
                grant_type: 'password',
                scope: 'read',
                username: 'reader',
                password: 'reader',
            }),
        });
        const { access_token: token } = (await answer.json()) as { access_token: string };
        assert.ok(token);
        for (const path of WRITING) assert.equal((await post(path, token)).status, 401, path);
        for (const path of READING) assert.equal((await post(path, token)).status, 200, path);
        assert.equal(camera.requests.length, 0);
        const headers = { authorization: `Bearer ${token}` };
        assert.equal((await fetch(`${nodeRed.url}/isapi-request/operations`, { headers })).status, 200);
    });
});
