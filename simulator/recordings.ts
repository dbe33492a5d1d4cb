import { readXmlBody } from './bodies';
import type { HttpDevice } from './httpDevice';

export interface RecordingsOptions {
    files?: number;
    /** Bytes of each file. */
    size?: number;
    /** Cuts the connection in the middle of a download. */
    breaksOff?: boolean;
    noMatch?: 'NO MATCHES' | 'NOMATCH';
}

/** Gives a device recordings that can be searched and downloaded: `/ContentMgmt` (ISAPI guide; pyHik). */
export function addRecordings(
    device: HttpDevice,
    { files = 45, size = 200_000, breaksOff = false, noMatch = 'NO MATCHES' }: RecordingsOptions = {},
): void {
    device.route('POST', '/ISAPI/ContentMgmt/search', (exchange) => {
        const sent = readXmlBody(exchange.body);
        if (sent?.root !== 'CMSearchDescription') return exchange.outcome('badFormat');
        const { searchID, searchResultPostion, maxResults } = sent.content as Record<string, string>;
        const track = (sent.content.trackIDList as { trackID?: string } | undefined)?.trackID ?? '101';
        const from = Number(searchResultPostion ?? 0);
        const count = Math.max(0, Math.min(Number(maxResults ?? 40), files - from));
        const more = from + count < files;
        exchange.xml('CMSearchResult', {
            searchID,
            responseStatus: true,
            responseStatusStrg: count === 0 ? noMatch : more ? 'MORE' : 'OK',
            numOfMatches: count,
            ...(count > 0 && {
                matchList: {
                    searchMatchItem: Array.from({ length: count }, (_none, index) => match(track, from + index, size)),
                },
            }),
        });
    });
    const serve = (exchange: Parameters<Parameters<HttpDevice['route']>[2]>[0]) => {
        const sent = readXmlBody(exchange.body);
        const uri = sent?.content.playbackURI;
        if (sent?.root !== 'downloadRequest' || typeof uri !== 'string') return exchange.outcome('badFormat');
        if (!uri.startsWith('rtsp://')) return exchange.outcome('badContent', 200);
        const body = Buffer.alloc(size, 'IMKH');
        if (!breaksOff) return exchange.send(200, 'video/mpeg', body);
        const socket = exchange.takeSocket();
        socket?.write(`HTTP/1.1 200 OK\r\nContent-Type: video/mpeg\r\nContent-Length: ${size}\r\n\r\n`);
        socket?.write(body.subarray(0, size / 2), () => socket.destroy());
    };
    device.route('GET', '/ISAPI/ContentMgmt/download', serve);
    device.route('POST', '/ISAPI/ContentMgmt/download', serve);
    device.route('POST', '/ISAPI/ContentMgmt/record/tracks/{sid}/dailyDistribution', (exchange) =>
        exchange.xml('trackDailyDistribution', {
            dayList: {
                day: [1, 2, 3].map((day) => ({ id: day, dayOfMonth: day, record: day !== 2, recordType: 'time' })),
            },
        }),
    );
    device.route('POST', '/ISAPI/Traffic/channels/{channel}/vehicleDetect/plates', (exchange) =>
        exchange.xml('Plates', {
            Plate: { captureTime: '20261120T120000', plateNumber: 'ABC1D23', picName: '202611201200', country: 'BRA' },
        }),
    );
}

function match(track: string, index: number, size: number): object {
    const minute = (at: number) => new Date(Date.UTC(2026, 10, 20) + at * 60_000).toISOString().slice(0, 19);
    const name = `ch01_${String(index).padStart(17, '0')}`;
    return {
        sourceID: '{0000000000-0000-0000-0000-000000000000}',
        trackID: track,
        timeSpan: { startTime: `${minute(index)}Z`, endTime: `${minute(index + 1)}Z` },
        mediaSegmentDescriptor: {
            contentType: 'video',
            codecType: 'H.264-BP',
            playbackURI: `rtsp://192.0.2.10/Streaming/tracks/${track}/?starttime=20261120T000000Z&name=${name}&size=${size}`,
        },
    };
}
