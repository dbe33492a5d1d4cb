import { pipeline, type Readable, Transform } from 'node:stream';
import { basicAuthorization } from './login';

/** Shorter passwords are part of too many words. */
const SHORTEST = 4;
const HIDDEN = '***';

/**
 * Takes the login out of what a device says when it refuses: error pages and status documents of some web servers repeat
 * the request with its headers, and what they say ends in messages and logs.
 *
 * Meant for answers that are no success. A recording that happens to hold the same bytes must stay as it is.
 */
export class SpokenLogin {
    readonly #forms: string[];

    constructor({ username = '', password = '' }: { username?: string; password?: string }) {
        const forms = password.length < SHORTEST ? [] : [password, ...escaped(password)];
        if (password !== '') forms.push(basicAuthorization(username, password).slice('Basic '.length));
        const bytes = forms.map((form) => Buffer.from(form, 'utf8').toString('latin1'));
        // The longest first: it may hold another one.
        this.#forms = [...new Set(bytes)].sort((one, other) => other.length - one.length);
    }

    /** The same bytes without the login; the same Buffer where it is not in them. */
    hide(bytes: Buffer): Buffer {
        const text = bytes.toString('latin1');
        const hidden = this.hideIn(text);
        return hidden === text ? bytes : Buffer.from(hidden, 'latin1');
    }

    hideIn(text: string): string {
        return this.#forms.reduce((rest, form) => rest.replaceAll(form, HIDDEN), text);
    }

    /** The same for a body that is still arriving; whichever of both streams ends, the other one does. */
    hideInStream(source: Readable): Readable {
        const hold = Math.max(0, (this.#forms[0]?.length ?? 0) - 1);
        let held: Buffer = Buffer.alloc(0);
        const body = new Transform({
            transform: (chunk: Buffer, _encoding, done) => {
                const whole = this.hide(Buffer.concat([held, chunk]));
                const end = Math.max(0, whole.length - hold);
                held = whole.subarray(end);
                done(null, whole.subarray(0, end));
            },
            flush: (done) => done(null, held),
        });
        // An error that nobody listens for would end the process; who reads without listening still sees the close.
        return pipeline(source, body, () => source.destroy());
    }
}

/** As it stands in URLs, in JSON and in XML. */
function escaped(password: string): string[] {
    const entities: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
    return [
        encodeURIComponent(password),
        JSON.stringify(password).slice(1, -1),
        password.replace(/[&<>"']/g, (one) => `&${entities[one]};`),
        password.replace(/[&<>]/g, (one) => `&${entities[one]};`),
        password.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`),
    ];
}
