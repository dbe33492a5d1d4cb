import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { device, flowNode, LOGIN, TAB } from '../flows/flow';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { registeredRoutes } from './support/registered';

/** bcrypt of “reader”; made once, as it takes its time. */
const HASH = '$2b$04$JwKOnvIzMUxOVPnPl7K.s.r5ZEIzdCx1dxy40zDBpoLJBrH4./OwC';

const routes = registeredRoutes();

describe('every admin route that the pack registers', () => {
    it('is found, those of the editor’s buttons among them', () => {
        const paths = routes.map(({ path }) => path);
        for (const known of ['/device-config/test', '/alarm-http-in/configure', '/isup-in/:id/keys']) {
            assert.ok(paths.includes(known), known);
        }
    });

    for (const { method, path, permission } of routes) {
        it(`asks for a permission before anything else: ${method.toUpperCase()} ${path}`, () => {
            assert.match(permission ?? 'none', /^[a-z0-9-]+\.(read|write)$/);
        });
    }
});

describe('a Node-RED with logins', () => {
    let nodeRed: RunningNodeRed;
    let camera: Camera;
    let token: string;

    before(async () => {
        camera = await new Camera({ login: LOGIN }).listen();
        nodeRed = await startNodeRed({
            flows: [
                TAB,
                device(camera.port),
                flowNode('listener', 'isup-in', { bind: '127.0.0.1', port: '0', alarmPort: '0', version: 1 }),
            ],
            credentials: { device: LOGIN },
            settings: {
                httpAdminRoot: '/admin',
                adminAuth: {
                    type: 'credentials',
                    users: [{ username: 'reader', password: HASH, permissions: 'read' }],
                },
            },
        });
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
        token = ((await answer.json()) as { access_token: string }).access_token;
        assert.ok(token);
    });

    after(async () => {
        await nodeRed?.close();
        await camera?.close();
    });

    /** Asks as the editor does, for a node that is there. */
    async function ask({ method, path }: { method: string; path: string }, as?: string): Promise<number> {
        const url = nodeRed.url + path.replace(/:id/, 'listener').replace(/:\w+/g, '1');
        const sent = method === 'get' ? {} : { body: JSON.stringify({ id: 'device', config: { host: '127.0.0.1' } }) };
        const headers = { 'content-type': 'application/json', ...(as && { authorization: `Bearer ${as}` }) };
        const { status, body } = await fetch(url, { method: method.toUpperCase(), headers, ...sent });
        // Some answers go on for as long as somebody listens.
        await body?.cancel();
        return status;
    }

    for (const route of routes) {
        const name = `${route.method.toUpperCase()} ${route.path}`;
        it(`refuses ${name} to whoever is not logged in`, async () => {
            assert.equal(await ask(route), 401);
            assert.equal(await ask(route, 'invented'), 401);
        });

        if (route.permission?.endsWith('.write')) {
            it(`refuses ${name} to a user who may only read`, async () => {
                assert.equal(await ask(route, token), 401);
            });
        } else {
            it(`serves ${name} to a user who may read`, async () => {
                assert.notEqual(await ask(route, token), 401);
            });
        }
    }

    it('has asked nothing of the device meanwhile', () => {
        assert.equal(camera.requests.length, 0);
    });
});
