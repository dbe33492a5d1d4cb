import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Clock, systemClock } from '../clock';
import { Fault } from '../errors';
import type { HttpResponse, HttpStream } from '../http/client';
import type { OnProgress } from '../progress';
import { answerFault } from './answerFault';
import { httpRequest, type IsapiLink, type IsapiRequest } from './request';

export interface Download {
    filename: string;
    bytes: number;
    contentType?: string;
    statusCode: number;
    headers: HttpStream['headers'];
}

export interface DownloadOptions {
    /** Given by the flow's author; never taken from a device. */
    filename: string;
    /** Milliseconds without a byte after which the device is given up. */
    idle: number;
    clock?: Clock;
    /** What to do with XML, JSON or text in place of a file: it is an error, or the answer. */
    documents?: 'refuse' | 'return';
    progress?: OnProgress;
}

/** Documents that come in place of a file are read whole up to this many bytes. */
const DOCUMENT_LIMIT = 16 * 1024 * 1024;

/**
 * Streams an answer into a file, however large: beside it under a name of its own first, then renamed, so that the file
 * is there whole or not at all. The disk's pace holds back the device.
 *
 * @returns what was saved; the answer itself where it was a document and those are wanted
 * @throws Fault; the part that had arrived is deleted
 */
export async function download(
    link: IsapiLink,
    request: IsapiRequest,
    { filename, idle, clock = systemClock, documents = 'refuse', progress }: DownloadOptions,
): Promise<Download | HttpResponse> {
    const http = httpRequest(request);
    const stream = await link.open(http);
    const partial = join(dirname(filename), `.${basename(filename)}.${randomBytes(4).toString('hex')}.part`);
    const watch = watchIdle(stream, idle, clock);
    try {
        const document = await readDocument(stream, http.path, watch, documents);
        if (document !== undefined) return document;
        const seen = (done: number) => {
            watch.seen();
            progress?.({ unit: 'bytes', done, ...totalOf(stream) });
        };
        const bytes = await save(stream, partial, { seen, fault: watch.fault }, request.signal);
        await rename(partial, filename).catch((error: unknown) => Promise.reject(notWritten(filename, error)));
        const { statusCode, headers } = stream;
        const contentType = headers['content-type'];
        return { filename, bytes, statusCode, headers, ...(contentType !== undefined && { contentType }) };
    } catch (thrown) {
        await rm(partial, { force: true });
        throw thrown;
    } finally {
        watch.stop();
        stream.close();
    }
}

/** A device that will not send the file says why in a document, often with HTTP 200. */
async function readDocument(
    stream: HttpStream,
    path: string,
    watch: IdleWatch,
    documents: 'refuse' | 'return',
): Promise<HttpResponse | undefined> {
    const { statusCode, headers } = stream;
    const isDocument = /xml|json|text\//i.test(headers['content-type'] ?? '');
    if (statusCode >= 200 && statusCode < 300 && !isDocument) return undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of stream.body as AsyncIterable<Buffer>) {
        watch.seen();
        chunks.push(chunk);
        size += chunk.length;
        if (size > DOCUMENT_LIMIT) throw new Fault('RESPONSE_TOO_LARGE', { details: { limit: DOCUMENT_LIMIT } });
    }
    const answer = { statusCode, headers, body: Buffer.concat(chunks) };
    const fault = answerFault(answer, path);
    if (fault !== undefined) throw fault;
    if (documents === 'return') return answer;
    const reason = `the device sent a document of type ${headers['content-type']}`;
    throw new Fault('ANSWER_UNREADABLE', { details: { expected: 'a file', reason } });
}

interface IdleWatch {
    seen(): void;
    stop(): void;
    fault(): Fault | undefined;
}

function watchIdle(stream: HttpStream, idle: number, clock: Clock): IdleWatch {
    let fault: Fault | undefined;
    const give = () => {
        fault = new Fault('RESPONSE_TIMEOUT', { details: { ms: idle } });
        stream.close();
    };
    let cancel = clock.after(idle, give);
    return {
        seen() {
            cancel();
            cancel = clock.after(idle, give);
        },
        stop: () => cancel(),
        fault: () => fault,
    };
}

interface SaveWatch extends Pick<IdleWatch, 'fault'> {
    /** @param bytes so far */
    seen(bytes: number): void;
}

async function save(stream: HttpStream, file: string, watch: SaveWatch, signal?: AbortSignal): Promise<number> {
    let bytes = 0;
    const output = createWriteStream(file, { flags: 'wx' });
    let diskError: unknown;
    output.once('error', (error) => {
        diskError = error;
    });
    const counted = async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
            bytes += chunk.length;
            watch.seen(bytes);
            yield chunk;
        }
    };
    try {
        await pipeline(stream.body, counted, output, { signal });
    } catch (error) {
        if (signal?.aborted) throw new Fault('CLOSED', { cause: error });
        const late = watch.fault();
        if (late !== undefined) throw late;
        if (isDiskError(diskError)) throw notWritten(file, diskError);
        throw error instanceof Fault ? error : new Fault('CONNECTION_LOST', { cause: error });
    }
    const { total } = totalOf(stream);
    if (total !== undefined && bytes < total) throw new Fault('CONNECTION_LOST');
    return bytes;
}

/** How many bytes the device announced. */
function totalOf({ headers }: HttpStream): { total?: number } {
    const total = Number(headers['content-length'] ?? Number.NaN);
    return Number.isFinite(total) ? { total } : {};
}

function isDiskError(error: unknown): boolean {
    return error instanceof Error && 'syscall' in error && ['open', 'write', 'close'].includes(String(error.syscall));
}

function notWritten(file: string, error: unknown): Fault {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return new Fault('FILE_NOT_WRITTEN', { details: { file: basename(file), reason }, cause: error });
}
