import { textOf } from '../protocols/documents/values';
import type { Target } from './deviceEvent';

const WORDS: Record<string, Target> = {
    human: 'human',
    people: 'human',
    person: 'human',
    pedestrian: 'human',
    vehicle: 'vehicle',
    motorvehicle: 'vehicle',
    car: 'vehicle',
    nonmotor: 'nonMotor',
    nonmotorvehicle: 'nonMotor',
    bicycle: 'nonMotor',
    face: 'face',
    animal: 'animal',
    others: 'other',
    other: 'other',
};

/** What a camera takes the moving thing for; a word that we do not know is `other`. */
export function readTarget(value: unknown): Target | undefined {
    const word = textOf(value)?.trim().toLowerCase();
    if (word === undefined || word === 'unknown' || word === 'none') return undefined;
    return Object.hasOwn(WORDS, word) ? WORDS[word] : 'other';
}
