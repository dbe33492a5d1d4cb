import { readJsonBody } from '../bodies';
import type { Exchange } from '../exchange';
import { between, pick, type Random } from '../random';
import type { Handler } from '../routes';

/** Somebody a terminal knows. Numbers are text: leading zeros belong to them. */
export interface SimulatedPerson {
    employee: string;
    name: string;
    card?: string;
}

/** Made-up people; one name with an accent, one number with leading zeros. */
export const PEOPLE: readonly SimulatedPerson[] = [
    { employee: '0001764', name: 'MARIA EXEMPLO', card: '0000123456' },
    { employee: '0001765', name: 'JOÃO EXEMPLO' },
    { employee: '1766', name: 'ANA EXEMPLO', card: '0000123457' },
    { employee: '1767', name: 'PAULO EXEMPLO' },
];

const BASE = '/ISAPI/AccessControl/UserInfo';
const LARGEST_PAGE = 30;

/** Where a face was, in fractions of the picture. */
export function someFace(random: Random) {
    return { height: between(random, 20, 45) / 100, width: between(random, 11, 28) / 100, x: 0.4, y: 0.1 };
}

export function somebody(random: Random): SimulatedPerson {
    return pick(random, PEOPLE);
}

/** `UserInfo/Search` and `Count`: who may pass. */
export function addPersons(
    people: readonly SimulatedPerson[],
    route: (method: string, pattern: string, handler: Handler) => void,
): void {
    route('GET', `${BASE}/Count`, (exchange) => exchange.json({ UserInfoCount: { userNumber: people.length } }));
    route('POST', `${BASE}/Search`, (exchange) => search(people, exchange));
}

function search(people: readonly SimulatedPerson[], exchange: Exchange): void {
    const condition = readJsonBody(exchange.body)?.UserInfoSearchCond as Record<string, unknown> | undefined;
    if (condition === undefined) {
        exchange.outcome('badFormat');
        return;
    }
    const position = Number(condition.searchResultPosition ?? 0);
    const wanted = Math.min(LARGEST_PAGE, Number(condition.maxResults ?? LARGEST_PAGE));
    const page = people.slice(position, position + wanted);
    const more = position + page.length < people.length;
    exchange.json({
        UserInfoSearch: {
            searchID: condition.searchID,
            responseStatusStrg: page.length === 0 ? 'NO MATCH' : more ? 'MORE' : 'OK',
            numOfMatches: page.length,
            totalMatches: people.length,
            UserInfo: page.length === 0 ? undefined : page.map(personDocument),
        },
    });
}

function personDocument({ employee, name }: SimulatedPerson): object {
    return {
        employeeNo: employee,
        name,
        userType: 'normal',
        Valid: { enable: true, beginTime: '2024-01-01T00:00:00', endTime: '2037-12-31T23:59:59', timeType: 'local' },
        doorRight: '1',
        RightPlan: [{ doorNo: 1, planTemplateNo: '1' }],
    };
}
