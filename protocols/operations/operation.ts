import type { Clock } from '../clock';
import type { HttpResponse } from '../http/client';
import type { Page, PagedSearch } from '../isapi/paging';
import type { IsapiLink, IsapiRequest } from '../isapi/request';
import type { AudioLink } from '../isapi/twoWayAudio';
import type { OnProgress } from '../progress';

/** Where an operation stands in the editor's list. */
const AREAS = [
    'device',
    'channels',
    'pictures',
    'ptz',
    'io',
    'detection',
    'image',
    'listeningHost',
    'access',
    'people',
    'intercom',
    'audio',
    'recordings',
    'panel',
    'dahua',
] as const;
export type Area = (typeof AREAS)[number];

export type ParameterType = 'text' | 'secret' | 'integer' | 'number' | 'flag' | 'choice' | 'time' | 'binary' | 'object';

/** What an operation wants to be told. Its name is its key; label and help stand in the catalogues. */
export interface Parameter {
    type: ParameterType;
    required?: true;
    default?: string | number | boolean;
    min?: number;
    max?: number;
    /** Longest text. */
    length?: number;
    choices?: readonly string[];
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** The parameters of one call, checked and with defaults filled in. */
export class Values {
    readonly #values: Readonly<Record<string, unknown>>;

    constructor(values: Readonly<Record<string, unknown>>) {
        this.#values = values;
    }

    has(name: string): boolean {
        return this.#values[name] !== undefined;
    }

    /** A text, or '' where there is none. */
    text(name: string): string {
        const value = this.#values[name];
        return value === undefined ? '' : String(value);
    }

    optionalText(name: string): string | undefined {
        const value = this.#values[name];
        return value === undefined ? undefined : String(value);
    }

    number(name: string): number {
        return Number(this.#values[name]);
    }

    optionalNumber(name: string): number | undefined {
        const value = this.#values[name];
        return value === undefined ? undefined : Number(value);
    }

    flag(name: string): boolean {
        return this.#values[name] === true;
    }

    binary(name: string): Buffer | undefined {
        const value = this.#values[name];
        return Buffer.isBuffer(value) ? value : undefined;
    }

    object(name: string): Record<string, unknown> | undefined {
        const value = this.#values[name];
        return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
    }
}

/** What the device is known to be able to do, each learned when first asked for; `undefined` where nobody knows. */
export interface Knowledge {
    family(): Promise<string | undefined>;
    /** Doors and the commands they take. */
    doors(): Promise<{ first: number; last: number; commands: readonly string[] } | undefined>;
    /** Matches per page of the access history; `false` where there is no history. */
    historyPage(): Promise<number | false | undefined>;
    audioChannels(): Promise<readonly { id: number; codec?: string }[] | undefined>;
    /** Everything at once. @param refresh asks the device again, whatever is known */
    everything(refresh: boolean): Promise<object>;
}

/** What an operation works with. */
export interface Context {
    link: AudioLink;
    /** Inside a login session, as alarm panels want it. */
    session: IsapiLink;
    clock: Clock;
    knowledge: Knowledge;
    signal?: AbortSignal;
    /** Milliseconds for each request. */
    timeout: number;
    /** Address and port for URLs that the device is to be reached by. */
    host: string;
    /** Two-way channels of the device that are in use by us. */
    talking: Set<number>;
    /** Where the flow wants a large answer saved. */
    filename?: string;
    progress?: OnProgress;
    /** One request with the retries that it admits; a refusal throws. */
    ask(request: IsapiRequest): Promise<HttpResponse>;
}

/** What becomes of an operation: `payload`, and what the message tells beside it. */
export interface Result {
    payload: unknown;
    answer?: Pick<HttpResponse, 'statusCode' | 'headers'>;
    path?: string;
    /** Further properties of the message: `filename`, `contentType`, … */
    extra?: Record<string, unknown>;
}

interface OperationBase {
    area: Area;
    parameters: Parameters;
    /** Moves something: never sent twice. */
    physical?: true;
    /** Can save its answer to `msg.filename`. */
    download?: true;
}

/** One request and what is read from its answer. */
export interface SimpleOperation extends OperationBase {
    /** GET by default. */
    method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
    /** `{name}` is filled from the parameters, escaped. */
    path: string | ((values: Values) => string);
    query?: (values: Values) => Record<string, unknown>;
    body?: (values: Values) => unknown;
    headers?: Readonly<Record<string, string>>;
    /** From the parsed answer to the payload; the whole parsed answer by default. */
    read?: (answer: unknown, values: Values) => unknown;
    /** Asked inside a login session. */
    session?: true;
}

/** Several requests, or one with a way of its own. */
export interface ComposedOperation extends OperationBase {
    run(context: Context, values: Values): Promise<Result>;
}

/** A search whose matches come in pages. */
export interface PagedOperation extends OperationBase {
    search: PagedSearch;
    path: string;
    condition: (values: Values) => Record<string, unknown>;
    /** From one match to one row of the payload. */
    row?: (match: Record<string, unknown>) => unknown;
    /** Asked before the search; what it throws explains why it cannot be. */
    pageSize?: (context: Context) => Promise<number | undefined>;
}

export type Operation = SimpleOperation | ComposedOperation | PagedOperation;

export type Operations = Readonly<Record<string, Operation>>;

export function isPaged(operation: Operation): operation is PagedOperation {
    return 'search' in operation;
}

export function isComposed(operation: Operation): operation is ComposedOperation {
    return 'run' in operation;
}

export type { Page };
