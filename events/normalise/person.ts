import { type Fields, numberOf, textOf } from '../../protocols/documents/values';
import type { Person } from '../deviceEvent';
import { readRect } from '../geometry';

/** 0..1, from devices that count to 1 or to 100 (both in one and the same object). */
export function readSimilarity(value: unknown): number | undefined {
    const number = numberOf(value);
    if (number === undefined || number < 0 || number > 100) return undefined;
    return number > 1 ? number / 100 : number;
}

type Trait = 'gender' | 'age' | 'mask' | 'glasses' | 'expression';

/** The vendor's names of what analytics see in a face, and ours. */
const TRAITS: [trait: Trait, names: string[]][] = [
    ['gender', ['gender', 'sex']],
    ['age', ['age', 'ageGroup']],
    ['mask', ['mask']],
    ['glasses', ['glass', 'glasses']],
    ['expression', ['faceExpression', 'expression']],
];

function traitOf(value: unknown): string | undefined {
    const text = textOf(value) ?? (value !== null && typeof value === 'object' ? innerAge(value as Fields) : undefined);
    return text === undefined || text === 'unknown' ? undefined : text;
}

/** `age: {ageGroup: 'middle'}`, `age: {value: 31}` */
function innerAge(fields: Fields): string | undefined {
    return textOf(fields.value) ?? textOf(fields.ageGroup);
}

/** Adds what the analytics see, from fields of any of the names that cameras use. */
export function addTraits(person: Person, fields: Fields): void {
    for (const [trait, names] of TRAITS) {
        for (const name of names) {
            if (person[trait] !== undefined) break;
            const text = traitOf(fields[name]);
            if (text !== undefined) person[trait] = text;
        }
    }
    const rect = readRect(fields.faceRect ?? fields.FaceRect);
    if (rect !== undefined) person.rect ??= rect;
}
