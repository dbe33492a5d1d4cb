import { compact, listAt, numberAt, textAt } from '../documents/fields';
import { Fault } from '../errors';
import { readAnswer } from '../isapi/answer';
import { download } from '../isapi/download';
import { pagedSearch } from '../isapi/paging';
import type { IsapiRequest } from '../isapi/request';
import { STREAM_PARAMETERS, streamId } from './channels';
import type { Context, Operations, Result, Values } from './operation';
import { isoUtc } from './times';

const SEARCH_PATH = '/ISAPI/ContentMgmt/search';

export const RECORDING_OPERATIONS: Operations = {
    recordings: {
        area: 'recordings',
        parameters: {
            ...STREAM_PARAMETERS,
            startTime: { type: 'time', required: true },
            endTime: { type: 'time', required: true },
            recordType: { type: 'text', length: 64, default: '' },
        },
        search: pagedSearch(SEARCH_PATH)!,
        path: SEARCH_PATH,
        condition: (values) =>
            searchDescription(
                streamId(values.number('channel'), values.number('stream')),
                values,
                `//recordType.meta.std-cgi.com${values.text('recordType') === '' ? '' : `/${values.text('recordType')}`}`,
            ),
        row: readMatch,
    },
    storedPictures: {
        area: 'recordings',
        parameters: {
            channel: STREAM_PARAMETERS.channel,
            startTime: { type: 'time', required: true },
            endTime: { type: 'time', required: true },
            recordType: { type: 'text', length: 64, default: 'AllPic' },
        },
        search: pagedSearch(SEARCH_PATH)!,
        path: SEARCH_PATH,
        condition: (values) => {
            const kind = `//recordType.meta.std-cgi.com/${values.text('recordType')}`;
            // Pictures lie on the third track of a channel (ISAPI guide).
            const { searchID: _none, ...description } = searchDescription(
                streamId(values.number('channel'), 3),
                values,
                kind,
            );
            return { ...description, contentTypeList: { contentType: 'metadata' } };
        },
        row: readMatch,
    },
    recordingDownload: {
        area: 'recordings',
        download: true,
        parameters: {
            playbackURI: { type: 'text', required: true, length: 2048 },
            method: { type: 'choice', choices: ['GET', 'POST'], default: 'GET' },
        },
        run: (context, values) =>
            fetchLarge(context, {
                method: values.text('method'),
                path: '/ISAPI/ContentMgmt/download',
                body: { downloadRequest: { playbackURI: values.text('playbackURI') } },
                bodyWithGet: true,
            }),
    },
    recordingDays: {
        area: 'recordings',
        parameters: {
            ...STREAM_PARAMETERS,
            year: { type: 'integer', min: 1970, max: 2100, required: true },
            month: { type: 'integer', min: 1, max: 12, required: true },
        },
        method: 'POST',
        path: (values) =>
            `/ISAPI/ContentMgmt/record/tracks/${streamId(values.number('channel'), values.number('stream'))}/dailyDistribution`,
        body: (values) => ({ trackDailyParam: { year: values.number('year'), monthOfYear: values.number('month') } }),
        read: (answer) =>
            listAt(answer, 'trackDailyDistribution/dayList/day').map((day) =>
                compact({
                    day: numberAt(day, 'dayOfMonth'),
                    recorded: textAt(day, 'record') === 'true',
                    type: textAt(day, 'recordType'),
                }),
            ),
    },
    plates: {
        area: 'recordings',
        parameters: { channel: STREAM_PARAMETERS.channel, after: { type: 'text', length: 64, default: '0' } },
        method: 'POST',
        path: '/ISAPI/Traffic/channels/{channel}/vehicleDetect/plates',
        body: (values) => ({ AfterTime: { picTime: values.text('after') } }),
        read: (answer) => listAt(answer, 'Plates/Plate'),
    },
};

function searchDescription(track: number, values: Values, kind: string): Record<string, unknown> {
    return {
        trackIDList: { trackID: track },
        timeSpanList: {
            timeSpan: { startTime: isoUtc(values.text('startTime')), endTime: isoUtc(values.text('endTime')) },
        },
        metadataList: { metadataDescriptor: kind },
    };
}

function readMatch(match: Record<string, unknown>): object {
    const uri = textAt(match, 'mediaSegmentDescriptor/playbackURI');
    const size = uri === undefined ? undefined : /[?&]size=(\d+)/.exec(uri)?.[1];
    return compact({
        track: numberAt(match, 'trackID'),
        startTime: textAt(match, 'timeSpan/startTime'),
        endTime: textAt(match, 'timeSpan/endTime'),
        playbackURI: uri,
        contentType: textAt(match, 'mediaSegmentDescriptor/contentType'),
        codec: textAt(match, 'mediaSegmentDescriptor/codecType'),
        size: size === undefined ? undefined : Number(size),
    });
}

/** To a file where the flow names one, and into the payload where it does not. */
export async function fetchLarge(context: Context, request: IsapiRequest): Promise<Result> {
    const { filename, signal, timeout, progress } = context;
    if (filename === undefined || filename === '') {
        const answer = await context.ask(request);
        return { payload: readAnswer(answer, 'buffer'), answer, path: request.path };
    }
    const saved = await download(
        context.link,
        { ...request, timeout, ...(signal !== undefined && { signal }) },
        { filename, idle: timeout, clock: context.clock, ...(progress !== undefined && { progress }) },
    );
    if ('body' in saved) throw new Fault('UNEXPECTED', { details: { reason: 'a document was saved as a file' } });
    const { bytes, contentType, statusCode, headers } = saved;
    const extra = { filename, ...(contentType !== undefined && { contentType }) };
    return { payload: { filename, bytes }, answer: { statusCode, headers }, path: request.path, extra };
}
