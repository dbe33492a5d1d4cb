import { readXmlBody } from './bodies';
import { deviceTime } from './deviceTime';
import type { Exchange } from './exchange';
import type { Handler } from './routes';

export interface EventLogOptions {
    /** false: `notSupport`. */
    supported: boolean;
    /** What the times of a question mean: `Z` is written, and the wall of the recorder is meant (alkait/HikViewer). */
    asks: 'local' | 'utc';
    /** How the times of an answer are written; `zulu` means what the question means. */
    answers: 'zulu' | 'no-offset' | 'offset';
    /** The beginnings of `metaId` that are taken; for others the question is refused. */
    domains: readonly string[];
    /** Whether `log.std-cgi.com/Alarm` finds anything, or only the whole log can be asked for. */
    filters: boolean;
    /** Whether `searchID` needs braces. */
    braces: boolean;
    /** Where the number of a camera stands: behind `metaId`, or in `localId` as `D41`. */
    number: 'metaId' | 'localId';
    /** Rows after which a search ends as if there were no more. */
    cap: number;
    /** `newest`: the newest row comes first. */
    order: 'oldest' | 'newest';
    /** What goes wrong with pages: the position is ignored, or they never end. */
    pages: 'good' | 'repeated' | 'endless';
    /** Whether an end is found by when it began (alkait/HikViewer), and not by when it was. */
    endsByBegin: boolean;
    maxResults: number;
}

export interface EventLogRow {
    category: 'Alarm' | 'Exception' | 'Operation' | 'Information';
    word: string;
    number?: number;
    /** Epoch milliseconds. */
    at: number;
    /** When what ends here began. */
    began?: number;
}

export interface EventLogSource {
    /** Minutes east of UTC. */
    offset: number;
    namespace: string;
}

const HABITS: EventLogOptions = {
    supported: true,
    asks: 'local',
    answers: 'no-offset',
    domains: ['log.std-cgi.com', 'log.hikvision.com'],
    filters: true,
    braces: false,
    number: 'metaId',
    cap: 2000,
    order: 'oldest',
    pages: 'good',
    endsByBegin: true,
    maxResults: 100,
};

/** What the log calls an event of the stream (word lists of public clients), and where it stands. */
const WORDS: Record<string, [category: 'Alarm' | 'Exception', word: string, lasts: boolean]> = {
    vmd: ['Alarm', 'motion', true],
    shelteralarm: ['Alarm', 'hide', true],
    linedetection: ['Alarm', 'lineDetection', true],
    fielddetection: ['Alarm', 'fieldDetection', true],
    regionentrance: ['Alarm', 'regionEntrance', true],
    regionexiting: ['Alarm', 'regionExiting', true],
    scenechangedetection: ['Alarm', 'sceneChangeDetection', true],
    io: ['Alarm', 'alarmIn', false],
    videoloss: ['Exception', 'videoLost', false],
    diskfull: ['Exception', 'hdFull', false],
};

/** `POST /ISAPI/ContentMgmt/logSearch`: the log of a camera or recorder, in the forms that public clients have met. */
export class EventLog {
    readonly options: EventLogOptions;
    readonly rows: EventLogRow[] = [];
    /** Questions that were answered or refused. */
    readonly asked: { metaId: string; startTime: string; endTime: string; position: number }[] = [];
    readonly #source: EventLogSource;
    readonly #began = new Map<string, number>();

    constructor(
        options: Partial<EventLogOptions> | undefined,
        source: EventLogSource,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        this.options = { ...HABITS, ...options };
        this.#source = source;
        route('POST', '/ISAPI/ContentMgmt/logSearch', (exchange) => this.#search(exchange));
    }

    add(row: EventLogRow): void {
        this.rows.push(row);
    }

    /** Writes down what the device reports; a repetition of what lasts is no row of its own. */
    note(type: string, state: 'active' | 'inactive', number: number, at: number): void {
        const [category, word, lasts] = WORDS[type.toLowerCase()] ?? ['Alarm', type, true];
        const place = `${word}|${number}`;
        const began = this.#began.get(place);
        if (!lasts) {
            if (state === 'active') this.add({ category, word, number, at });
        } else if (state === 'active' && began === undefined) {
            this.#began.set(place, at);
            this.add({ category, word: `${word}Start`, number, at });
        } else if (state === 'inactive' && began !== undefined) {
            this.#began.delete(place);
            this.add({ category, word: `${word}Stop`, number, at, began });
        }
    }

    #search(exchange: Exchange): void {
        const sent = readXmlBody(exchange.body);
        if (!this.options.supported) exchange.outcome('notSupport');
        else if (sent?.root !== 'CMSearchDescription') exchange.outcome('badFormat');
        else this.#asked(exchange, sent.content);
    }

    #asked(exchange: Exchange, content: Record<string, unknown>): void {
        const { domains, braces, maxResults } = this.options;
        const { searchID, metaId = '', searchResultPostion, maxResults: most } = content as Record<string, string>;
        const list = content.timeSpanList as { timeSpan?: { startTime?: string; endTime?: string } } | undefined;
        const { startTime = '', endTime = '' } = list?.timeSpan ?? {};
        const position = Number(searchResultPostion ?? 0);
        const wanted = Number(most);
        this.asked.push({ metaId, startTime, endTime, position });
        const [domain = '', category] = metaId.split('/');
        const isForm = domains.includes(domain) && (!braces || /^\{.*\}$/.test(searchID ?? ''));
        if (!isForm || wanted > maxResults) exchange.outcome('badContent');
        else this.#answer(exchange, searchID, this.#find(category, startTime, endTime), position, wanted);
    }

    #find(category: string | undefined, startTime: string, endTime: string): EventLogRow[] {
        const { filters, cap, order, endsByBegin } = this.options;
        if (category !== undefined && !filters) return [];
        const [from, to] = [this.#instant(startTime), this.#instant(endTime)];
        const found = this.rows.filter((row) => {
            const at = endsByBegin ? (row.began ?? row.at) : row.at;
            const isWanted = category === undefined || row.category.toLowerCase() === category.toLowerCase();
            return isWanted && Math.floor(at / 1000) * 1000 >= from && at <= to + 999;
        });
        found.sort((one, other) => one.at - other.at);
        if (order === 'newest') found.reverse();
        return found.slice(0, cap);
    }

    #answer(exchange: Exchange, searchID: unknown, found: EventLogRow[], position: number, wanted: number): void {
        const { pages } = this.options;
        const from = pages === 'good' ? position : pages === 'repeated' ? 0 : position % Math.max(1, found.length);
        const page = found.slice(from, from + wanted);
        const isMore = pages === 'endless' || from + page.length < found.length;
        exchange.xml(
            'CMSearchResult',
            {
                searchID,
                responseStatus: true,
                responseStatusStrg: page.length === 0 ? 'NO MATCHES' : isMore ? 'MORE' : 'OK',
                numOfMatches: page.length,
                ...(page.length > 0 && {
                    matchList: { searchMatchItem: page.map((row) => ({ logDescriptor: this.#descriptor(row) })) },
                }),
            },
            this.#source.namespace,
        );
    }

    #descriptor({ category, word, number, at }: EventLogRow): object {
        const isBehind = this.options.number === 'metaId' && number !== undefined;
        const metaId = `log.hikvision.com/${category}/${word}${isBehind ? `/${number}` : ''}`;
        return {
            metaId,
            StartDateTime: this.#text(at),
            paraType: '',
            localId: this.options.number === 'localId' ? `D${number ?? 0}` : undefined,
            userName: '',
            ipAddress: '',
        };
    }

    #text(at: number): string {
        const { answers, asks } = this.options;
        const { offset } = this.#source;
        if (answers === 'offset') return deviceTime(at, offset);
        if (answers === 'no-offset') return deviceTime(at, offset, 'no-offset');
        return `${deviceTime(at, asks === 'local' ? offset : 0, 'no-offset')}Z`;
    }

    /** Epoch milliseconds of a time in a question. */
    #instant(text: string): number {
        const shown = Date.parse(text);
        return this.options.asks === 'utc' ? shown : shown - this.#source.offset * 60_000;
    }
}
