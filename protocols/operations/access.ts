import { at, listAt, numberAt, textAt } from '../documents/fields';
import { Fault } from '../errors';
import { readAnswer } from '../isapi/answer';
import { pagedSearch } from '../isapi/paging';
import type { Context, Operations, Result, Values } from './operation';

const HISTORY_PATH = '/ISAPI/AccessControl/AcsEvent?format=json';

/** Commands of a door; which of them a model takes stands in its capabilities. */
const DOOR_COMMANDS = ['open', 'close', 'alwaysOpen', 'alwaysClose', 'resume'] as const;
/** All doors at once (ISAPI guide). */
const ALL_DOORS = 65535;

const HISTORY = {
    major: { type: 'integer', min: 0, max: 65535, default: 0 },
    minor: { type: 'integer', min: 0, max: 65535, default: 0 },
    startTime: { type: 'time', required: true },
    endTime: { type: 'time', required: true },
} as const;

export const ACCESS_OPERATIONS: Operations = {
    accessHistory: {
        area: 'access',
        parameters: {
            ...HISTORY,
            employeeNo: { type: 'text', length: 64 },
            cardNo: { type: 'text', length: 64 },
            personName: { type: 'text', length: 128 },
            withPictures: { type: 'flag', default: false },
            beginSerialNo: { type: 'integer', min: 0 },
            endSerialNo: { type: 'integer', min: 0 },
        },
        search: pagedSearch(HISTORY_PATH)!,
        path: HISTORY_PATH,
        condition: (values) => ({
            ...span(values),
            ...(values.text('employeeNo') !== '' && { employeeNoString: values.text('employeeNo') }),
            ...(values.text('cardNo') !== '' && { cardNo: values.text('cardNo') }),
            ...(values.text('personName') !== '' && { name: values.text('personName') }),
            ...(values.flag('withPictures') && { picEnable: true }),
            ...(values.has('beginSerialNo') && { beginSerialNo: values.number('beginSerialNo') }),
            ...(values.has('endSerialNo') && { endSerialNo: values.number('endSerialNo') }),
        }),
        pageSize: historyPageSize,
    },
    accessTotal: {
        area: 'access',
        parameters: HISTORY,
        method: 'POST',
        path: '/ISAPI/AccessControl/AcsEventTotalNum?format=json',
        body: (values) => ({ AcsEventTotalNumCond: span(values) }),
        read: (answer) => numberAt(answer, 'AcsEventTotalNum/totalNum') ?? at(answer, 'AcsEventTotalNum'),
    },
    doorCommand: {
        area: 'access',
        physical: true,
        parameters: {
            door: { type: 'text', default: '1', length: 5 },
            command: { type: 'choice', choices: DOOR_COMMANDS, default: 'open' },
            password: { type: 'secret', length: 64 },
            channelNo: { type: 'integer', min: 1, max: 9999 },
        },
        run: commandDoor,
    },
    doorStatus: { area: 'access', parameters: {}, run: readDoors },
    remoteCheck: {
        area: 'access',
        physical: true,
        parameters: {
            serialNo: { type: 'integer', min: 0, required: true },
            admit: { type: 'flag', required: true },
            info: { type: 'text', length: 128 },
        },
        method: 'PUT',
        path: '/ISAPI/AccessControl/remoteCheck?format=json',
        body: (values) => ({
            RemoteCheck: {
                serialNo: values.number('serialNo'),
                checkResult: values.flag('admit') ? 'success' : 'failed',
                info: values.text('info'),
            },
        }),
    },
};

function span(values: Values): Record<string, unknown> {
    return {
        major: values.number('major'),
        minor: values.number('minor'),
        startTime: values.text('startTime'),
        endTime: values.text('endTime'),
    };
}

async function historyPageSize({ knowledge }: Context): Promise<number | undefined> {
    const size = await knowledge.historyPage();
    if (size !== false) return size;
    throw new Fault('NOT_SUPPORTED', {
        details: { reason: 'this model or firmware keeps no history that can be asked for' },
    });
}

/** A command to a door, sent once. What the device says that it cannot do is not sent at all. */
async function commandDoor(context: Context, values: Values): Promise<Result> {
    const command = values.text('command');
    const door = doorNumber(values.text('door'));
    await checkDoor(context, door, command);
    const path = `/ISAPI/AccessControl/RemoteControl/door/${door}`;
    const password = values.text('password');
    const body = {
        RemoteControlDoor: {
            cmd: command,
            ...(password !== '' && { password }),
            ...(values.has('channelNo') && { channelNo: values.number('channelNo') }),
        },
    };
    const answer = await context.ask({ method: 'PUT', path, body, physical: true });
    return { payload: readAnswer(answer, 'auto'), answer, path };
}

function doorNumber(text: string): number {
    const door = /^all$/i.test(text.trim()) ? ALL_DOORS : Number(text);
    if (Number.isInteger(door) && door >= 0 && door <= ALL_DOORS) return door;
    throw new Fault('PARAMETER_INVALID', { details: { parameter: 'door', reason: 'a number or “all” is expected' } });
}

async function checkDoor({ knowledge }: Context, door: number, command: string): Promise<void> {
    const doors = await knowledge.doors();
    if (doors === undefined) return;
    if (door !== ALL_DOORS && (door < doors.first || door > doors.last)) {
        const reason = `it has the doors ${doors.first} to ${doors.last}`;
        throw new Fault('PARAMETER_INVALID', { details: { parameter: 'door', reason } });
    }
    if (doors.commands.length > 0 && !doors.commands.includes(command)) {
        const reason = `its doors take ${doors.commands.join(', ')} and not ${command}`;
        throw new Fault('NOT_SUPPORTED', { details: { reason } });
    }
}

interface DoorStatus {
    door: number;
    /** As the device numbers them; what they mean is confirmed for 4, normal, only. */
    doorStatus?: number;
    lockStatus?: number;
    magneticStatus?: number;
    /** From magneticStatus: 0 closed, 1 open (inferred from one site). */
    open?: boolean;
}

/** The state of each door. Controllers pad their arrays to 128 entries; as many count as the device has doors. */
async function readDoors(context: Context): Promise<Result> {
    const path = '/ISAPI/AccessControl/AcsWorkStatus?format=json';
    const answer = await context.ask({ path });
    const status = at(readAnswer(answer, 'object'), 'AcsWorkStatus');
    const known = await context.knowledge.doors();
    const numbers = (name: string) => {
        const list = at({ status }, 'status') as Record<string, unknown> | undefined;
        const values = list?.[name];
        return Array.isArray(values) ? values.map(Number) : [];
    };
    const lists = {
        doorStatus: numbers('doorStatus'),
        lockStatus: numbers('doorLockStatus'),
        magneticStatus: numbers('magneticStatus'),
    };
    const written = Math.max(lists.doorStatus.length, lists.lockStatus.length, lists.magneticStatus.length);
    const count = known === undefined ? written : Math.min(written, known.last - known.first + 1);
    const doors = Array.from({ length: count }, (_none, index): DoorStatus => {
        const door: DoorStatus = { door: (known?.first ?? 1) + index };
        for (const [name, list] of Object.entries(lists)) {
            if (list[index] !== undefined) door[name as keyof typeof lists] = list[index];
        }
        if (door.magneticStatus === 0 || door.magneticStatus === 1) door.open = door.magneticStatus === 1;
        return door;
    });
    return { payload: { doors, raw: status }, answer, path };
}

/** Doors and commands from `RemoteControl/door/capabilities`. */
export function readDoorCapabilities(
    document: unknown,
): { first: number; last: number; commands: string[] } | undefined {
    const [root] = [...listAt(document, 'RemoteControlDoor'), ...listAt(document, 'RemoteControlDoorCap')];
    if (root === undefined) return undefined;
    const options = textAt(root, 'cmd/@opt') ?? '';
    return {
        first: numberAt(root, 'doorNo/@min') ?? 1,
        last: numberAt(root, 'doorNo/@max') ?? 1,
        commands: options
            .split(',')
            .map((option) => option.trim())
            .filter((option) => option !== ''),
    };
}
