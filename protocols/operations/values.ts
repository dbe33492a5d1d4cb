import { Fault } from '../errors';
import { type Operation, type Parameter, Values } from './operation';
import { isoWithOffset } from './times';

/**
 * Checks what a flow gives for an operation and fills in what it leaves out. Texts are read as what they mean, because
 * an editor's fields and a dashboard's hold texts; names that the operation does not know are no fault.
 *
 * @throws Fault PARAMETER_MISSING, PARAMETER_INVALID naming the parameter
 */
export function checkValues(operation: Operation, given: Readonly<Record<string, unknown>>): Values {
    const values: Record<string, unknown> = Object.create(null);
    for (const [name, parameter] of Object.entries(operation.parameters)) {
        const value = Object.hasOwn(given, name) ? given[name] : undefined;
        const isEmpty = value === undefined || value === null || (value === '' && parameter.type !== 'text');
        if (!isEmpty) values[name] = readValue(name, parameter, value);
        else if (parameter.default !== undefined) values[name] = parameter.default;
        if (values[name] === undefined || values[name] === '') {
            if (parameter.required) throw new Fault('PARAMETER_MISSING', { details: { parameter: name } });
        }
    }
    return new Values(values);
}

function readValue(name: string, parameter: Parameter, value: unknown): unknown {
    const invalid = (reason: string) => new Fault('PARAMETER_INVALID', { details: { parameter: name, reason } });
    switch (parameter.type) {
        case 'text':
        case 'secret':
            return readText(parameter, value, invalid);
        case 'integer':
        case 'number':
            return readNumber(parameter, value, invalid);
        case 'flag':
            return readFlag(value, invalid);
        case 'choice':
            return readChoice(parameter, value, invalid);
        case 'time':
            return readTime(value, invalid);
        case 'binary':
            if (Buffer.isBuffer(value)) return value;
            if (value instanceof Uint8Array) return Buffer.from(value);
            throw invalid('a Buffer is expected');
        case 'object':
            return readObject(value, invalid);
    }
}

type Invalid = (reason: string) => Fault;

function readText({ length = 1024 }: Parameter, value: unknown, invalid: Invalid): string {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw invalid('text is expected');
    }
    const text = String(value);
    if (text.length > length) throw invalid(`it is longer than ${length} characters`);
    return text;
}

function readNumber({ type, min, max }: Parameter, value: unknown, invalid: Invalid): number {
    const number = typeof value === 'number' ? value : Number(typeof value === 'string' ? value.trim() : Number.NaN);
    if (!Number.isFinite(number)) throw invalid('a number is expected');
    if (type === 'integer' && !Number.isInteger(number)) throw invalid('a whole number is expected');
    if (min !== undefined && number < min) throw invalid(`it is less than ${min}`);
    if (max !== undefined && number > max) throw invalid(`it is more than ${max}`);
    return number;
}

function readFlag(value: unknown, invalid: Invalid): boolean {
    const text = String(value).toLowerCase();
    if (['true', '1', 'on', 'yes'].includes(text)) return true;
    if (['false', '0', 'off', 'no'].includes(text)) return false;
    throw invalid('true or false is expected');
}

function readChoice({ choices = [] }: Parameter, value: unknown, invalid: Invalid): string {
    const text = String(value).trim().toLowerCase();
    const choice = choices.find((one) => one.toLowerCase() === text);
    if (choice === undefined) throw invalid(`it is none of ${choices.join(', ')}`);
    return choice;
}

/** A text stays as the flow wrote it, because devices differ in what they want; dates become local time with offset. */
function readTime(value: unknown, invalid: Invalid): string {
    if (typeof value === 'string' && Number.isNaN(Number(value))) {
        if (Number.isNaN(Date.parse(value))) throw invalid('a time such as 2026-11-20T08:00:00-03:00 is expected');
        return value.trim();
    }
    const epoch = value instanceof Date ? value.getTime() : Number(value);
    if (!Number.isFinite(epoch) || Math.abs(epoch) > 8.64e15) throw invalid('a time is expected');
    return isoWithOffset(epoch);
}

function readObject(value: unknown, invalid: Invalid): unknown {
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) return value;
    if (typeof value !== 'string') throw invalid('an object is expected');
    try {
        const parsed: unknown = JSON.parse(value);
        if (typeof parsed === 'object' && parsed !== null) return parsed;
    } catch (error) {
        throw invalid(error instanceof Error ? error.message : 'it is not JSON');
    }
    throw invalid('an object is expected');
}
