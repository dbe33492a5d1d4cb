import { readJsonBody } from './bodies';
import type { Exchange } from './exchange';
import type { HttpDevice } from './httpDevice';

type Row = Record<string, unknown>;

export interface People {
    readonly persons: Map<string, Row>;
    readonly cards: Map<string, Row>;
    /** Employee number → picture. */
    readonly faces: Map<string, Buffer>;
}

/** Gives a terminal persons, cards and faces: `UserInfo`, `CardInfo`, `FDLib` (ISAPI guide). */
export function addPeople(device: HttpDevice): People {
    const people: People = { persons: new Map(), cards: new Map(), faces: new Map() };
    addTable(device, people.persons, { kind: 'UserInfo', key: 'employeeNo', taken: 'employeeNoAlreadyExist' });
    addTable(device, people.cards, { kind: 'CardInfo', key: 'cardNo', taken: 'cardNoAlreadyExist' });
    const faces = '/ISAPI/Intelligent/FDLib';
    const upload = (exchange: Exchange, mayReplace: boolean) => {
        const form = readFaceForm(exchange);
        if (form === undefined) return exchange.outcome('badContent');
        if (!people.persons.has(form.person)) return exchange.outcome('badParameters');
        if (!mayReplace && people.faces.has(form.person)) return refuse(exchange, 'deviceUserAlreadyExistFace');
        people.faces.set(form.person, form.picture);
        exchange.outcome('ok');
    };
    device.route('POST', `${faces}/FaceDataRecord`, (exchange) => upload(exchange, false));
    device.route('PUT', `${faces}/FDSetUp`, (exchange) => upload(exchange, true));
    device.route('POST', `${faces}/FDSearch`, (exchange) => {
        const condition = readJsonBody(exchange.body) ?? {};
        const rows = [...people.faces.keys()].map((FPID) => ({ FPID, faceURL: `/LOCALS/pic/face/${FPID}.jpg@WEB1` }));
        exchange.json({ ...page(rows, condition, 'MatchList') });
    });
    device.route('PUT', `${faces}/FDSearch/Delete`, (exchange) => {
        const list = readJsonBody(exchange.body)?.FPID;
        for (const entry of Array.isArray(list) ? (list as Row[]) : []) people.faces.delete(String(entry.value));
        exchange.outcome('ok');
    });
    return people;
}

interface Table {
    kind: 'UserInfo' | 'CardInfo';
    key: string;
    taken: string;
}

function addTable(device: HttpDevice, rows: Map<string, Row>, { kind, key, taken }: Table): void {
    const base = `/ISAPI/AccessControl/${kind}`;
    const sent = (exchange: Exchange) => readJsonBody(exchange.body)?.[kind] as Row | undefined;
    device.route('POST', `${base}/Search`, (exchange) => {
        const condition = readJsonBody(exchange.body)?.[`${kind}SearchCond`] as Row | undefined;
        if (condition === undefined) return exchange.outcome('badFormat');
        const wanted = condition.EmployeeNoList as Row[] | undefined;
        const numbers = wanted?.map((entry) => String(entry.employeeNo));
        const found = [...rows.values()].filter((row) => numbers?.includes(String(row.employeeNo)) ?? true);
        exchange.json({ [`${kind}Search`]: { searchID: condition.searchID, ...page(found, condition, kind) } });
    });
    device.route('GET', `${base}/Count`, (exchange) => exchange.json({ [`${kind}Count`]: { userNumber: rows.size } }));
    device.route('POST', `${base}/Record`, (exchange) => {
        const row = sent(exchange);
        if (row === undefined) return exchange.outcome('badFormat');
        if (rows.has(String(row[key]))) return refuse(exchange, taken);
        rows.set(String(row[key]), row);
        exchange.outcome('ok');
    });
    for (const action of ['Modify', 'SetUp']) {
        device.route('PUT', `${base}/${action}`, (exchange) => {
            const row = sent(exchange);
            if (row === undefined) return exchange.outcome('badFormat');
            rows.set(String(row[key]), { ...rows.get(String(row[key])), ...row });
            exchange.outcome('ok');
        });
    }
    device.route('PUT', `${base}/Delete`, (exchange) => {
        const condition = readJsonBody(exchange.body)?.[`${kind}DelCond`] as Record<string, Row[]> | undefined;
        const list = condition?.[kind === 'UserInfo' ? 'EmployeeNoList' : 'CardNoList'] ?? [];
        for (const entry of list) rows.delete(String(entry[key]));
        exchange.outcome('ok');
    });
}

/** One match is no array on some firmware, and none is no list at all. */
function page(rows: Row[], condition: Row, name: string): Row {
    const from = Number(condition.searchResultPosition ?? 0);
    const found = rows.slice(from, from + Number(condition.maxResults ?? 30));
    const more = from + found.length < rows.length;
    return {
        responseStatusStrg: found.length === 0 ? 'NO MATCH' : more ? 'MORE' : 'OK',
        numOfMatches: found.length,
        totalMatches: rows.length,
        ...(found.length > 0 && { [name]: found.length === 1 ? found[0] : found }),
    };
}

function refuse(exchange: Exchange, subStatusCode: string): void {
    exchange.json(
        {
            statusCode: 6,
            statusString: 'Invalid Content',
            subStatusCode,
            errorCode: 0x60000001,
            errorMsg: subStatusCode,
        },
        400,
    );
}

/** Reads the upload with nothing but its boundary: the JSON part `FaceDataRecord` and the picture part `img`. */
function readFaceForm(exchange: Exchange): { person: string; picture: Buffer } | undefined {
    const boundary = /boundary=([^;\s]+)/.exec(exchange.request.headers['content-type'] ?? '')?.[1];
    if (boundary === undefined) return undefined;
    const parts = new Map<string, Buffer>();
    const mark = Buffer.from(`--${boundary}`);
    let at = exchange.body.indexOf(mark);
    while (at >= 0) {
        const next = exchange.body.indexOf(mark, at + mark.length);
        if (next < 0) break;
        const part = exchange.body.subarray(at + mark.length + 2, next - 2);
        const head = part.indexOf('\r\n\r\n');
        const name = /name="([^"]+)"/.exec(part.toString('latin1', 0, Math.max(0, head)))?.[1];
        if (name !== undefined) parts.set(name, part.subarray(head + 4));
        at = next;
    }
    const record = readJsonBody(parts.get('FaceDataRecord') ?? Buffer.alloc(0));
    const picture = parts.get('img');
    if (record === undefined || picture === undefined || picture[0] !== 0xff) return undefined;
    return { person: String(record.FPID), picture };
}
