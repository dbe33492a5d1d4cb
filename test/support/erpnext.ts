import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Checkin {
    employee: string;
    time: string;
    device_id?: string;
    log_type?: string;
}

export const ERPNEXT_KEY = 'key-7f3a';
export const ERPNEXT_SECRET = 'Canary-7f3a';

/**
 * As much of ERPNext as books check-ins: `POST /api/resource/Employee Checkin` with the answers of Frappe's REST API
 * (frappeframework.com, REST API; `validate_duplicate_log` of frappe/hrms).
 */
export class ErpNext {
    readonly booked: Checkin[] = [];
    readonly employees: Set<string>;
    /** Requests that came, with their answers. */
    readonly answers: number[] = [];
    /** What the next requests get in place of an answer; `lost`: it books, and the answer never arrives. */
    readonly trouble: (500 | 502 | 503 | 'lost' | 'duplicate-name')[] = [];
    readonly #server: Server = createServer((request, response) => void this.#serve(request, response));

    constructor(employees: readonly string[]) {
        this.employees = new Set(employees);
    }

    /** @returns its address */
    async listen(port = 0): Promise<string> {
        this.#server.listen(port, '127.0.0.1');
        await once(this.#server, 'listening');
        return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    async close(): Promise<void> {
        if (!this.#server.listening) return;
        this.#server.closeAllConnections();
        this.#server.close();
        await once(this.#server, 'close');
    }

    async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const answer = (status: number, body: object) => {
            this.answers.push(status);
            response.writeHead(status, { 'Content-Type': 'application/json' });
            response.end(JSON.stringify(body));
        };
        const refuse = (status: number, type: string, message: string) => {
            const text = JSON.stringify({ message, title: 'Message', indicator: 'red', raise_exception: 1 });
            answer(status, {
                exception: `frappe.exceptions.${type}: ${message}`,
                exc_type: type,
                _server_messages: JSON.stringify([text]),
            });
        };
        if (request.headers.authorization !== `token ${ERPNEXT_KEY}:${ERPNEXT_SECRET}`)
            return refuse(401, 'AuthenticationError', 'Invalid API key');
        if (request.method !== 'POST' || decodeURIComponent(request.url ?? '') !== '/api/resource/Employee Checkin')
            return refuse(404, 'DoesNotExistError', 'Not found');
        const trouble = this.trouble.shift();
        if (typeof trouble === 'number') {
            this.answers.push(trouble);
            response.writeHead(trouble, { 'Content-Type': 'text/html' });
            response.end('<h1>Bad Gateway</h1>');
            return;
        }
        const checkin = JSON.parse(Buffer.concat(chunks).toString()) as Checkin;
        if (trouble === 'duplicate-name') return refuse(409, 'DuplicateEntryError', 'Employee Checkin already exists');
        if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(checkin.time))
            return refuse(417, 'ValidationError', `${checkin.time} is not a datetime`);
        if (!this.employees.has(checkin.employee))
            return refuse(417, 'LinkValidationError', `Could not find Employee: ${checkin.employee}`);
        const sameOf = (key: keyof Checkin) => (one: Checkin) => one[key] === checkin[key];
        if (this.booked.filter(sameOf('employee')).filter(sameOf('time')).some(sameOf('log_type'))) {
            const message = 'This employee already has a log with the same timestamp.';
            return refuse(417, 'ValidationError', message);
        }
        this.booked.push(checkin);
        if (trouble === 'lost') {
            request.socket.destroy();
            return;
        }
        const name = `EMP-CKIN-11-2026-${String(this.booked.length).padStart(6, '0')}`;
        answer(200, { data: { doctype: 'Employee Checkin', name, ...checkin } });
    }
}
