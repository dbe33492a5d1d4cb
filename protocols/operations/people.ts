import { randomBytes } from 'node:crypto';
import { at, compact, numberAt } from '../documents/fields';
import { readAnswer } from '../isapi/answer';
import { pagedSearch } from '../isapi/paging';
import type { Context, Operations, Parameters, Result, Values } from './operation';

const EMPLOYEE = { employeeNo: { type: 'text', required: true, length: 64 } } as const satisfies Parameters;
const PERSON = {
    ...EMPLOYEE,
    personName: { type: 'text', length: 128 },
    userType: { type: 'choice', choices: ['normal', 'visitor', 'blackList'], default: 'normal' },
    beginTime: { type: 'time' },
    endTime: { type: 'time' },
    doorRight: { type: 'text', length: 64, default: '1' },
    planTemplate: { type: 'text', length: 64, default: '1' },
    extra: { type: 'object' },
} as const satisfies Parameters;
const CARD = {
    ...EMPLOYEE,
    cardNo: { type: 'text', required: true, length: 64 },
    cardType: { type: 'text', length: 32, default: 'normalCard' },
} as const satisfies Parameters;
const FACE = {
    employeeNo: { type: 'text', required: true, length: 64 },
    library: { type: 'text', length: 64, default: '1' },
    libraryType: { type: 'text', length: 32, default: 'blackFD' },
} as const satisfies Parameters;

const USERS = '/ISAPI/AccessControl/UserInfo';
const CARDS = '/ISAPI/AccessControl/CardInfo';
const FACES = '/ISAPI/Intelligent/FDLib';

export const PEOPLE_OPERATIONS: Operations = {
    persons: {
        area: 'people',
        parameters: { employeeNo: { type: 'text', length: 64 }, personName: { type: 'text', length: 128 } },
        search: pagedSearch(`${USERS}/Search`)!,
        path: `${USERS}/Search?format=json`,
        condition: (values) => ({
            ...(values.text('employeeNo') !== '' && { EmployeeNoList: [{ employeeNo: values.text('employeeNo') }] }),
            ...(values.text('personName') !== '' && { fuzzySearch: values.text('personName') }),
        }),
    },
    personCount: {
        area: 'people',
        parameters: {},
        path: `${USERS}/Count?format=json`,
        read: (answer) => numberAt(answer, 'UserInfoCount/userNumber') ?? at(answer, 'UserInfoCount'),
    },
    personAdd: {
        area: 'people',
        parameters: PERSON,
        method: 'POST',
        path: `${USERS}/Record?format=json`,
        body: personDocument,
    },
    personModify: {
        area: 'people',
        parameters: PERSON,
        method: 'PUT',
        path: `${USERS}/Modify?format=json`,
        body: personDocument,
    },
    personSet: {
        area: 'people',
        parameters: PERSON,
        method: 'PUT',
        path: `${USERS}/SetUp?format=json`,
        body: personDocument,
    },
    personDelete: {
        area: 'people',
        parameters: EMPLOYEE,
        method: 'PUT',
        path: `${USERS}/Delete?format=json`,
        body: (values) => ({ UserInfoDelCond: { EmployeeNoList: [{ employeeNo: values.text('employeeNo') }] } }),
    },
    cards: {
        area: 'people',
        parameters: { employeeNo: { type: 'text', length: 64 } },
        search: pagedSearch(`${CARDS}/Search`)!,
        path: `${CARDS}/Search?format=json`,
        condition: (values) =>
            values.text('employeeNo') === '' ? {} : { EmployeeNoList: [{ employeeNo: values.text('employeeNo') }] },
    },
    cardAdd: {
        area: 'people',
        parameters: CARD,
        method: 'POST',
        path: `${CARDS}/Record?format=json`,
        body: cardDocument,
    },
    cardModify: {
        area: 'people',
        parameters: CARD,
        method: 'PUT',
        path: `${CARDS}/Modify?format=json`,
        body: cardDocument,
    },
    cardDelete: {
        area: 'people',
        parameters: { cardNo: { type: 'text', required: true, length: 64 } },
        method: 'PUT',
        path: `${CARDS}/Delete?format=json`,
        body: (values) => ({ CardInfoDelCond: { CardNoList: [{ cardNo: values.text('cardNo') }] } }),
    },
    faces: {
        area: 'people',
        parameters: { library: FACE.library, libraryType: FACE.libraryType, employeeNo: { type: 'text', length: 64 } },
        search: pagedSearch(`${FACES}/FDSearch`)!,
        path: `${FACES}/FDSearch?format=json`,
        condition: (values) => ({
            faceLibType: values.text('libraryType'),
            FDID: values.text('library'),
            ...(values.text('employeeNo') !== '' && { FPID: values.text('employeeNo') }),
        }),
    },
    faceAdd: {
        area: 'people',
        parameters: { ...FACE, picture: { type: 'binary', required: true } },
        run: (context, values) => sendFace(context, values, 'POST', `${FACES}/FaceDataRecord?format=json`),
    },
    faceSet: {
        area: 'people',
        parameters: { ...FACE, picture: { type: 'binary', required: true } },
        run: (context, values) => sendFace(context, values, 'PUT', `${FACES}/FDSetUp?format=json`),
    },
    faceDelete: {
        area: 'people',
        parameters: FACE,
        method: 'PUT',
        path: (values) =>
            `${FACES}/FDSearch/Delete?format=json&FDID=${encodeURIComponent(values.text('library'))}` +
            `&faceLibType=${encodeURIComponent(values.text('libraryType'))}`,
        body: (values) => ({ FPID: [{ value: values.text('employeeNo') }] }),
    },
};

/** Valid for ever within what terminals can hold (K1T342 and K1T344 terminals: 2037-12-31). */
const FOREVER = { begin: '2020-01-01T00:00:00', end: '2037-12-31T23:59:59' };

function personDocument(values: Values): object {
    const plan = values.text('planTemplate');
    const person = compact({
        employeeNo: values.text('employeeNo'),
        name: values.optionalText('personName'),
        userType: values.text('userType'),
        Valid: {
            enable: true,
            beginTime: withoutOffset(values.optionalText('beginTime') ?? FOREVER.begin),
            endTime: withoutOffset(values.optionalText('endTime') ?? FOREVER.end),
            timeType: 'local',
        },
        doorRight: values.text('doorRight'),
        RightPlan: values
            .text('doorRight')
            .split(',')
            .filter((door) => /^\d+$/.test(door.trim()))
            .map((door) => ({ doorNo: Number(door), planTemplateNo: plan })),
    });
    return { UserInfo: { ...person, ...values.object('extra') } };
}

/** With timeType local a terminal wants the time on its own wall. */
function withoutOffset(time: string): string {
    return time.replace(/(?:\.\d+)?(?:z|[+-]\d\d:?\d\d)$/i, '');
}

function cardDocument(values: Values): object {
    return {
        CardInfo: {
            employeeNo: values.text('employeeNo'),
            cardNo: values.text('cardNo'),
            cardType: values.text('cardType'),
        },
    };
}

/** Uploads a face picture: a form with the JSON part `FaceDataRecord` and the picture part `img` (ISAPI guide). */
async function sendFace(context: Context, values: Values, method: string, path: string): Promise<Result> {
    const record = {
        faceLibType: values.text('libraryType'),
        FDID: values.text('library'),
        FPID: values.text('employeeNo'),
    };
    const boundary = `----vigia${randomBytes(12).toString('hex')}`;
    const part = (disposition: string, type: string) =>
        `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`;
    const body = Buffer.concat([
        Buffer.from(`${part('name="FaceDataRecord"', 'application/json')}${JSON.stringify(record)}\r\n`),
        Buffer.from(part('name="img"; filename="face.jpg"', 'image/jpeg')),
        values.binary('picture') ?? Buffer.alloc(0),
        Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
    const answer = await context.ask({ method, path, headers, body });
    return { payload: readAnswer(answer, 'auto'), answer, path };
}
