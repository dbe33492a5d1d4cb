import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '../../../protocols/http/client';
import { answerFault } from '../../../protocols/isapi/answerFault';
import { readHosts, releaseHost, testHost, writeHost } from '../../../protocols/isapi/httpHosts';
import type { IsapiRequest } from '../../../protocols/isapi/request';
import { responseStatus } from '../../../simulator/outcomes';

const PATH = '/ISAPI/Event/notification/httpHosts';

const slot = (id: number, host = '0.0.0.0', url = '/') =>
    `<HttpHostNotification><id>${id}</id><url>${url}</url><protocolType>HTTP</protocolType>` +
    '<parameterFormatType>XML</parameterFormatType><addressingFormatType>ipaddress</addressingFormatType>' +
    `<ipAddress>${host}</ipAddress><portNo>80</portNo><unknown>kept</unknown></HttpHostNotification>`;
const list = (...slots: string[]) =>
    `<HttpHostNotificationList version="2.0" xmlns="urn:own">${slots.join('')}</HttpHostNotificationList>`;

/** A device that holds one document; `refuses` names what it does not take. */
function deviceWith(
    document: string,
    refuses: (request: IsapiRequest, body: string) => string | undefined = () => undefined,
) {
    const device = { document, puts: [] as { path: string; body: string }[] };
    const answer = (body: string, statusCode = 200): HttpResponse => ({
        statusCode,
        headers: { 'content-type': 'application/xml' },
        body: Buffer.from(body),
    });
    const ask = async (request: IsapiRequest): Promise<HttpResponse> => {
        const body = String(request.body ?? '');
        const refusal = refuses(request, body);
        let reply = answer(device.document);
        if (refusal !== undefined) reply = answer(refusal, 400);
        else if (request.method === 'PUT') {
            device.puts.push({ path: request.path, body });
            if (request.path === PATH) device.document = body;
            else {
                const id = request.path.slice(PATH.length + 1);
                const entry = body
                    .replace(/^<\?xml[^>]*\?>\s*/, '')
                    .replace(/^<HttpHostNotification [^>]*>/, '<HttpHostNotification>');
                const own = new RegExp(
                    `<HttpHostNotification>(?:(?!</HttpHostNotification>).)*<id>${id}</id>.*?</HttpHostNotification>`,
                    's',
                );
                device.document = own.test(device.document) ? device.document.replace(own, entry.trim()) : entry;
            }
            reply = answer(responseStatus('ok', request.path, 'xml'));
        } else if (request.path.endsWith('/test')) {
            reply = answer(
                '<HttpHostTestResult><errorDescription>connect server failed</errorDescription></HttpHostTestResult>',
            );
        }
        const fault = answerFault(reply, request.path);
        if (fault !== undefined) throw fault;
        return reply;
    };
    return { device, ask };
}

const WANTED = { url: '/alarm/token', protocol: 'HTTP', host: '192.168.1.10', port: 8080, format: 'XML' } as const;

describe('the listening hosts of a device', () => {
    it('are read as a list, also where a recorder sends one item', async () => {
        const many = await readHosts(deviceWith(list(slot(1, '10.0.0.1', '/x'), slot(2))).ask);
        assert.deepEqual(
            many.hosts.map(({ id, host, free }) => ({ id, host, free })),
            [
                { id: 1, host: '10.0.0.1', free: false },
                { id: 2, host: '0.0.0.0', free: true },
            ],
        );
        assert.equal((await readHosts(deviceWith(slot(1)).ask)).hosts.length, 1);
    });

    it('get ours into the first free slot, with everything else in it kept', async () => {
        const { ask, device } = deviceWith(list(slot(1, '10.0.0.1', '/x'), slot(2), slot(3)));
        const { host } = await writeHost(ask, WANTED);
        assert.deepEqual([host.id, host.host, host.port, host.url], [2, '192.168.1.10', 8080, '/alarm/token']);
        assert.equal(device.puts[0]?.path, `${PATH}/2`);
        assert.match(device.puts[0]!.body, /^<\?xml.*<HttpHostNotification version="2\.0" xmlns="urn:own">/s);
        assert.match(device.puts[0]!.body, /<unknown>kept<\/unknown>/);
        assert.match(device.document, /10\.0\.0\.1/);
    });

    it('get ours into the slot that already says so, not into a second one', async () => {
        const { ask } = deviceWith(list(slot(1), slot(2, '192.168.1.10', 'alarm/token')));
        assert.equal((await writeHost(ask, WANTED)).host.id, 2);
    });

    it('never lose somebody else’s slot, unless it is named and given up', async () => {
        const { ask } = deviceWith(list(slot(1, '10.0.0.1', '/x')));
        await assert.rejects(writeHost(ask, WANTED), { code: 'NO_FREE_HOST' });
        await assert.rejects(writeHost(ask, WANTED, { slot: 1 }), { code: 'SLOT_TAKEN', message: /10\.0\.0\.1/ });
        assert.equal((await writeHost(ask, WANTED, { slot: 1, replace: true })).host.host, '192.168.1.10');
        await assert.rejects(writeHost(ask, WANTED, { slot: 9 }), { code: 'NOT_FOUND' });
    });

    it('take a name in place of an address, where the order of the schema wants it', async () => {
        const { ask, device } = deviceWith(list(slot(1)));
        await writeHost(ask, { ...WANTED, host: 'red.example' });
        assert.match(
            device.puts[0]!.body,
            /<addressingFormatType>hostname<\/addressingFormatType><hostName>red\.example<\/hostName>/,
        );
    });

    it('are written as a whole where the device refuses one alone, and without empty ones where it refuses those', async () => {
        const bad = responseStatus('badContent', PATH, 'xml');
        const { ask, device } = deviceWith(list(slot(1), slot(2)), (request, body) => {
            if (request.method !== 'PUT') return undefined;
            return request.path !== PATH ||
                body.includes(
                    '<protocolType>HTTP</protocolType><parameterFormatType>XML</parameterFormatType><addressingFormatType>ipaddress</addressingFormatType><ipAddress>0.0.0.0',
                )
                ? bad
                : undefined;
        });
        await writeHost(ask, WANTED);
        assert.equal(device.puts.length, 1);
        assert.equal(device.puts[0]?.path, PATH);
        assert.match(device.document, /<id>2<\/id>.*<protocolType>EHome<\/protocolType>.*<portNo>15300</s);
    });

    it('are given back only where they are ours', async () => {
        const { ask } = deviceWith(list(slot(1, '192.168.1.10', '/alarm/token'), slot(2, '10.0.0.1', '/x')));
        await assert.rejects(releaseHost(ask, 2, '/alarm/token'), { code: 'SLOT_TAKEN' });
        assert.deepEqual(await releaseHost(ask, 1, '/alarm/token'), { released: true });
        assert.deepEqual(await releaseHost(ask, 1, '/alarm/token'), { released: false });
        assert.equal((await readHosts(ask)).hosts[0]?.free, true);
    });

    it('are tried by the device itself', async () => {
        const { ask } = deviceWith(list(slot(1, '10.0.0.1', '/x')));
        assert.deepEqual(await testHost(ask, 1), { ok: false, description: 'connect server failed' });
    });
});
