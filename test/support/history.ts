import { readJsonBody } from '../../simulator/bodies';
import type { HttpDevice } from '../../simulator/httpDevice';

export interface HistoryOptions {
    /** Events that the terminal remembers. */
    events?: number;
    /** Matches that a page holds at most; more are refused. */
    page?: number;
    /** How this firmware says that there is nothing; all are seen. */
    noMatch?: 'NO MATCH' | 'NO MATCHES' | 'NOMATCH';
    /** 'descending' or mixed up: the order is not guaranteed. */
    order?: 'ascending' | 'descending';
    /** Gives the same page whatever the position. */
    stuck?: boolean;
    /** false: `notSupport`, as some models and firmware. */
    supported?: boolean;
    /** Where the matches lie; gateways use AcsEventInfo. */
    key?: 'InfoList' | 'AcsEventInfo';
    /** false: the capabilities are refused, the search works. */
    capabilities?: boolean;
}

export interface History {
    /** The conditions of all searches, oldest first. */
    readonly searches: Record<string, unknown>[];
}

/** A history with the habits that simulated terminals do not have: out of order, stuck, under another key. */
export function addAccessHistory(
    device: HttpDevice,
    {
        events = 277,
        page = 30,
        noMatch = 'NO MATCH',
        order = 'ascending',
        stuck = false,
        supported = true,
        key = 'InfoList',
        capabilities = true,
    }: HistoryOptions = {},
): History {
    const history: History = { searches: [] };
    const all = Array.from({ length: events }, (_none, index) => eventOf(index + 1));
    if (order === 'descending') all.reverse();
    device.route('GET', '/ISAPI/AccessControl/AcsEvent/capabilities', (exchange) => {
        if (!supported || !capabilities) return exchange.outcome(supported ? 'unknownPath' : 'notSupport');
        exchange.json({ AcsEvent: { AcsEventCond: { maxResults: { '@min': 1, '@max': page } } } });
    });
    device.route('POST', '/ISAPI/AccessControl/AcsEvent', (exchange) => {
        if (!supported) return exchange.outcome('notSupport');
        const condition = readJsonBody(exchange.body)?.AcsEventCond as Record<string, unknown> | undefined;
        if (condition === undefined) return exchange.outcome('badFormat');
        history.searches.push(condition);
        if (Number(condition.maxResults) > page) return exchange.outcome('badParameters');
        const employee = condition.employeeNoString;
        const matches = employee === undefined ? all : all.filter((event) => event.employeeNoString === employee);
        const position = stuck ? 0 : Number(condition.searchResultPosition);
        const rows = matches.slice(position, position + Number(condition.maxResults));
        const more = stuck || position + rows.length < matches.length;
        exchange.json({
            AcsEvent: {
                searchID: condition.searchID,
                totalMatches: matches.length,
                responseStatusStrg: rows.length === 0 ? noMatch : more ? 'MORE' : 'OK',
                numOfMatches: rows.length,
                ...(rows.length > 0 && { [key]: rows }),
            },
        });
    });
    device.route('POST', '/ISAPI/AccessControl/AcsEventTotalNum', (exchange) =>
        supported ? exchange.json({ AcsEventTotalNum: { totalNum: events } }) : exchange.outcome('notSupport'),
    );
    return history;
}

function eventOf(serialNo: number): Record<string, unknown> {
    const time = new Date(Date.UTC(2026, 8, 1) + serialNo * 60_000).toISOString().slice(0, 19);
    return {
        major: 5,
        minor: 75,
        time: `${time}-03:00`,
        serialNo,
        employeeNoString: String(1 + (serialNo % 7)).padStart(7, '0'),
        name: `Pessoa ${1 + (serialNo % 7)}`,
        currentVerifyMode: 'face',
        mask: 'no',
        pictureURL: `http://${'192.0.2.10'}/LOCALS/pic/acsLinkCap/${serialNo}.jpeg@WEB000000000011`,
    };
}
