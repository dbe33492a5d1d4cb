import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { collect } from '../../devices/deviceRequests';
import { readXmlBody } from '../../simulator/bodies';
import type { Exchange } from '../../simulator/exchange';
import { HttpDevice } from '../../simulator/httpDevice';
import { hastyClock, LOGIN, requestsTo } from '../support/requests';

describe('operations that read what a device keeps', () => {
    const device = new HttpDevice({ login: LOGIN });
    let link: ReturnType<typeof requestsTo>;
    /** The requests that reached an answer, oldest first. */
    let asked: Exchange[] = [];
    before(async () => {
        await device.listen();
        link = requestsTo(device, { clock: hastyClock(), vendor: 'hikvision' });
    });
    beforeEach(() => {
        asked = [];
    });
    after(async () => {
        link.close();
        await device.close();
    });

    const serve = (method: string, path: string, answer: (exchange: Exchange) => void) =>
        device.route(method, path, (exchange) => {
            asked.push(exchange);
            answer(exchange);
        });
    const run = async (id: string, params: Record<string, unknown> = {}) =>
        (await link.requests.run(id, params, {})).payload;
    const sent = () => readXmlBody(asked[0]!.body);

    it('tell the wireless devices of a panel', async () => {
        const status = { OutputModList: [{ OutputMod: { id: 1, status: 'online' } }] };
        serve('GET', '/ISAPI/SecurityCP/status/exDevStatus', (exchange) => exchange.json({ ExDevStatus: status }));
        const payload = (await run('panelDevices')) as { OutputModList: { OutputMod: { status: string } }[] };
        assert.equal(payload.OutputModList[0]?.OutputMod.status, 'online');
        assert.ok(asked[0]?.wantsJson);
    });

    it('tell how the panel itself is', async () => {
        serve('GET', '/ISAPI/SecurityCP/status/host', (exchange) =>
            exchange.json({ HostStatus: { tamperEvident: false, ACConnect: true } }),
        );
        const payload = (await run('panelHost')) as Record<string, unknown>;
        assert.equal(String(payload.ACConnect), 'true');
        assert.ok(asked[0]?.wantsJson);
    });

    it('list the outputs of a panel, without the wrapper around each', async () => {
        serve('GET', '/ISAPI/SecurityCP/status/outputStatus', (exchange) =>
            exchange.json({ OutputList: [{ Output: { id: 1, name: 'Sirene', status: 'off' } }] }),
        );
        const [output, ...others] = (await run('panelOutputs')) as Record<string, unknown>[];
        assert.equal(output?.name, 'Sirene');
        assert.equal(output?.status, 'off');
        assert.deepEqual(others, []);
    });

    it('tell whom the key of a door station calls', async () => {
        serve('GET', '/ISAPI/VideoIntercom/keyCfg/{key}', (exchange) =>
            exchange.json({ KeyCfg: { id: 2, callNumber: '101', enableCallCenter: true } }),
        );
        const payload = (await run('keyConfig', { key: 2 })) as Record<string, unknown>;
        assert.equal(payload.callNumber, '101');
        assert.match(asked[0]!.path, /keyCfg\/2$/);
        assert.ok(asked[0]!.wantsJson);
    });

    it('tell which cameras of a recorder are there, one or many', async () => {
        serve('GET', '/ISAPI/ContentMgmt/InputProxy/channels/status', (exchange) =>
            exchange.xml('InputProxyChannelStatusList', {
                InputProxyChannelStatus: { id: 1, online: true, chanDetectResult: 'connect' },
            }),
        );
        const [status, ...others] = (await run('channelStatus')) as Record<string, unknown>[];
        assert.equal(status?.online, 'true');
        assert.deepEqual(others, []);
    });

    it('tell on which days of a month there are recordings', async () => {
        serve('POST', '/ISAPI/ContentMgmt/record/tracks/{sid}/dailyDistribution', (exchange) =>
            exchange.xml('trackDailyDistribution', {
                dayList: {
                    day: [
                        { id: 1, dayOfMonth: 1, record: true, recordType: 'time' },
                        { id: 2, dayOfMonth: 2, record: false },
                    ],
                },
            }),
        );
        assert.deepEqual(await run('recordingDays', { channel: 3, stream: 1, year: 2026, month: '11' }), [
            { day: 1, recorded: true, type: 'time' },
            { day: 2, recorded: false },
        ]);
        assert.match(asked[0]!.path, /tracks\/301\/dailyDistribution$/);
        assert.equal(sent()?.root, 'trackDailyParam');
        assert.equal(sent()?.content.year, '2026');
        assert.equal(sent()?.content.monthOfYear, '11');
    });

    it('list number plates that were read since the last one', async () => {
        serve('POST', '/ISAPI/Traffic/channels/{channel}/vehicleDetect/plates', (exchange) =>
            exchange.xml('Plates', { Plate: { captureTime: '20261120T120000', plateNumber: 'ABC1D23' } }),
        );
        const [plate, ...others] = (await run('plates', { channel: 2, after: '202611201200' })) as object[];
        assert.deepEqual({ ...plate }, { captureTime: '20261120T120000', plateNumber: 'ABC1D23' });
        assert.deepEqual(others, []);
        assert.match(asked[0]!.path, /channels\/2\/vehicleDetect\/plates$/);
        assert.equal(sent()?.root, 'AfterTime');
        assert.equal(sent()?.content.picTime, '202611201200');
    });

    it('find stored pictures on the third track of a channel, in UTC', async () => {
        const uri = 'rtsp://192.0.2.10/Streaming/tracks/203/?name=ch02_1&size=4096';
        serve('POST', '/ISAPI/ContentMgmt/search', (exchange) =>
            exchange.xml('CMSearchResult', {
                responseStatus: true,
                responseStatusStrg: 'OK',
                numOfMatches: 1,
                matchList: {
                    searchMatchItem: {
                        trackID: 203,
                        timeSpan: { startTime: '2026-11-20T03:00:00Z', endTime: '2026-11-20T03:00:01Z' },
                        mediaSegmentDescriptor: { contentType: 'picture', playbackURI: uri },
                    },
                },
            }),
        );
        const span = { startTime: '2026-11-20T00:00:00-03:00', endTime: '2026-11-20T01:00:00-03:00' };
        const { rows } = await collect(link.requests.pagesOf('storedPictures', { channel: 2, ...span }, {})!);
        assert.equal(rows.length, 1);
        const [picture] = rows as Record<string, unknown>[];
        assert.equal(picture?.playbackURI, uri);
        assert.equal(picture?.size, 4096);
        assert.equal(picture?.track, 203);
        const text = asked[0]!.body.toString();
        assert.match(text, /<trackID>203<\/trackID>/);
        assert.match(text, /<startTime>2026-11-20T03:00:00Z<\/startTime>\s*<endTime>2026-11-20T04:00:00Z<\/endTime>/);
        assert.match(text, /<metadataDescriptor>\/\/recordType\.meta\.std-cgi\.com\/AllPic<\/metadataDescriptor>/);
    });
});
