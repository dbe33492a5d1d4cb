import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { XMLParser } from 'fast-xml-parser';
import { Nvr, type NvrOptions } from '../../simulator/nvr';
import { ManualClock } from '../support/manualClock';
import { count, curl, RawClient, STREAM_REQUEST } from './support';

const RIGHT = 'admin:vigia123';
const OPEN = { login: { methods: 'none' as const } };

describe('a simulated recorder', () => {
    const started: { close(): unknown }[] = [];
    afterEach(async () => {
        for (const thing of started.splice(0).reverse()) await thing.close();
    });
    async function nvr(options: NvrOptions = {}): Promise<Nvr> {
        const device = await new Nvr(options).listen();
        started.push(device);
        return device;
    }
    async function client(device: Nvr): Promise<RawClient> {
        const raw = new RawClient(device.port, STREAM_REQUEST);
        started.push(raw);
        await device.streams.whenOpen();
        return raw;
    }

    it('lists its cameras with their names, and a size that is not their number', async () => {
        const device = await nvr({ channelNames: ['Portão', 'Sala'] });
        const { body } = await curl(`${device.origin}/ISAPI/ContentMgmt/InputProxy/channels`, RIGHT);
        const { InputProxyChannelList: list } = new XMLParser({ ignoreAttributes: false }).parse(body);
        assert.deepEqual(
            list.InputProxyChannel.map((channel: { name: string }) => channel.name),
            ['Portão', 'Sala'],
        );
        assert.equal(list['@_size'], '7');
        assert.doesNotMatch(body.toString(), /\r/);
        const one = await curl(`${device.origin}/ISAPI/ContentMgmt/InputProxy/channels/2`, RIGHT);
        assert.match(one.body.toString(), /<name>Sala</);
    });

    it('answers 403 where a camera would list its video inputs', async () => {
        const device = await nvr();
        assert.equal((await curl(`${device.origin}/ISAPI/System/Video/inputs/channels`, RIGHT)).status, 403);
    });

    it('counts its cameras among the capabilities', async () => {
        const device = await nvr();
        const { body } = await curl(`${device.origin}/ISAPI/System/capabilities`, RIGHT);
        assert.match(body.toString(), /<RacmCap>\n<inputProxyNums>8</);
    });

    it('gives one listening host, and 403 to its capabilities', async () => {
        const device = await nvr();
        const base = `${device.origin}/ISAPI/Event/notification/httpHosts`;
        assert.equal((await curl(base, RIGHT)).body.toString().match(/<id>/g)?.length, 1);
        assert.equal((await curl(`${base}/capabilities`, RIGHT)).status, 403);
    });

    it('writes LF bodies with dynChannelID only, counted by type over all channels', async () => {
        const device = await nvr(OPEN);
        const raw = await client(device);
        device.emit({ type: 'VMD', channel: 7 });
        device.emit({ type: 'fielddetection', channel: 3 });
        device.emit({ type: 'VMD', channel: 4 });
        await raw.until(({ body }) => count(body, '</EventNotificationAlert>\n') === 3);
        const text = raw.body.toString();
        assert.match(text, /version="1\.0".*<dynChannelID>7<.*<dynChannelID>3<.*<dynChannelID>4</s);
        assert.doesNotMatch(text, /<channelID>|<channelName>|Alert>\r/);
        assert.deepEqual(
            [...text.matchAll(/<activePostCount>(\d+)</g)].map((match) => match[1]),
            ['1', '1', '2'],
        );
    });

    it('has a psia era: channel 34 for camera 2, no address', async () => {
        const device = await nvr({ ...OPEN, numbering: 'psia' });
        const raw = await client(device);
        device.emit({ type: 'VMD', channel: 2 });
        await raw.until(({ body }) => body.includes('</EventNotificationAlert>'));
        assert.match(raw.body.toString(), /xmlns="urn:psialliance-org".*<channelID>34</s);
        assert.doesNotMatch(raw.body.toString(), /<ipAddress>|<macAddress>/);
    });

    it('floods the stream with videoloss of a dead channel while somebody listens', async () => {
        const clock = new ManualClock();
        const device = await nvr({ ...OPEN, clock, deadChannels: [8] });
        const raw = await client(device);
        clock.advance(5000);
        await raw.until(({ body }) => count(body, '<dynChannelID>8<') === 10);
        assert.match(raw.body.toString(), /<eventType>videoloss<.*<eventState>active</s);
        device.dropStreams();
        await raw.ended;
        await device.close();
        assert.equal(clock.pending, 0);
    });

    it('takes a snapshot by channel, and reports a device error for a dead one', async () => {
        const device = await nvr({ deadChannels: [2] });
        const picture = (sid: number) => curl(`${device.origin}/ISAPI/Streaming/channels/${sid}/picture`, RIGHT);
        assert.equal((await picture(101)).contentType, 'image/jpeg');
        assert.notDeepEqual((await picture(101)).body, (await picture(302)).body);
        const dead = await picture(201);
        assert.equal(dead.status, 500);
        assert.match(dead.body.toString(), /<statusCode>3</);
    });

    it('keeps a trigger that was read, changed and put back', async () => {
        const device = await nvr();
        const url = `${device.origin}/ISAPI/Event/triggers/VMD-3`;
        const text = (await curl(url, RIGHT)).body.toString().replaceAll('>center<', '>email<');
        assert.equal((await curl(url, RIGHT, '-X', 'PUT', '--data-binary', text)).status, 200);
        assert.match((await curl(url, RIGHT)).body.toString(), /<notificationMethod>email</);
        const list = (await curl(`${device.origin}/ISAPI/Event/triggers`, RIGHT)).body.toString();
        assert.equal(list.match(/<id>VMD-3</g)?.length, 1);
        assert.match(list, /<notificationMethod>email</);
    });

    it('switches its alarm output', async () => {
        const device = await nvr();
        const base = `${device.origin}/ISAPI/System/IO/outputs/1`;
        const body = '<IOPortData><outputState>high</outputState></IOPortData>';
        assert.equal((await curl(`${base}/trigger`, RIGHT, '-X', 'PUT', '--data-binary', body)).status, 200);
        assert.deepEqual(device.io.outputs, ['high']);
        assert.match((await curl(`${base}/status`, RIGHT)).body.toString(), /<ioState>active</);
    });
});
