import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cJson, type LineEnd, xmlDocument } from './bodies';
import { OUTCOMES, type Outcome, responseStatus } from './outcomes';

/** One request at a device, read to its end, and the ways to answer it. */
export class Exchange {
    readonly method: string;
    readonly path: string;
    readonly query: URLSearchParams;
    readonly source: string;
    /** Filled by the route: `{sid}` of its pattern. */
    params: Record<string, string> = {};

    constructor(
        readonly request: IncomingMessage,
        readonly response: ServerResponse,
        readonly body: Buffer,
        readonly lineEnd: LineEnd,
        private readonly onAnswer: (status: number) => void,
    ) {
        const target = request.url ?? '/';
        const mark = target.indexOf('?');
        this.method = request.method ?? 'GET';
        this.path = mark < 0 ? target : target.slice(0, mark);
        this.query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
        this.source = request.socket.remoteAddress ?? '';
    }

    /** Whether the client asked for JSON with `?format=json`. */
    get wantsJson(): boolean {
        return this.query.get('format') === 'json';
    }

    /** The bare socket, for an answer that no HTTP library would write; the caller ends it. */
    takeSocket(): Socket | undefined {
        this.onAnswer(200);
        return this.response.socket ?? undefined;
    }

    send(status: number, contentType: string | undefined, body: string | Buffer): void {
        const bytes = typeof body === 'string' ? Buffer.from(body) : body;
        if (contentType !== undefined) this.response.setHeader('Content-Type', contentType);
        this.response.setHeader('Content-Length', bytes.length);
        this.onAnswer(status);
        this.response.statusCode = status;
        this.response.end(this.method === 'HEAD' ? undefined : bytes);
    }

    xml(root: string, content: object, namespace?: string): void {
        this.sendXml(xmlDocument(root, content, { lineEnd: this.lineEnd, ...(namespace && { namespace }) }));
    }

    sendXml(text: string, status = 200): void {
        this.send(status, 'application/xml; charset="UTF-8"', text);
    }

    json(value: unknown, status = 200): void {
        this.send(status, 'application/json; charset="UTF-8"', cJson(value));
    }

    jpeg(picture: Buffer): void {
        this.send(200, 'image/jpeg', picture);
    }

    /** A `ResponseStatus` with the HTTP status that goes with it, or with another one. */
    outcome(outcome: Outcome, status: number = OUTCOMES[outcome].http): void {
        const form = this.wantsJson ? 'json' : 'xml';
        this.send(status, `application/${form}; charset="UTF-8"`, responseStatus(outcome, this.path, form));
    }
}
