import { type Fields, fieldsOf, listOf, numberOf, textOf } from '../../protocols/documents/values';
import type { Person, Plate, Target } from '../deviceEvent';
import { readRect } from '../geometry';
import type { Draft } from './draft';
import { addTraits } from './person';

const PARTS: [name: string, target: Target][] = [
    ['Human', 'human'],
    ['Vehicle', 'vehicle'],
    ['NonMotor', 'nonMotor'],
    ['Face', 'face'],
];

/** `Property: [{description, value}]` as fields by name; what stands beside the list is kept. */
function propertiesOf(part: Fields): Fields {
    const fields: Fields = Object.assign(Object.create(null), part);
    for (const property of listOf(part.Property)) {
        const name = textOf(property.description);
        if (name !== undefined && !(name in fields)) fields[name] = property.value;
    }
    return fields;
}

function plateOf(fields: Fields): Plate | undefined {
    const value = fields.PlateNo ?? fields.plateNo ?? fields.licensePlate;
    const number = textOf(value);
    if (number === undefined) return undefined;
    const plate: Plate = { number: number.toLowerCase() === 'unknown' ? null : number };
    const confidence = numberOf(fieldsOf(value)?.Confidence);
    if (confidence !== undefined) plate.confidence = confidence;
    const color = textOf(fields.plateColor);
    if (color !== undefined) plate.color = color;
    return plate;
}

/**
 * One target of `mixedTargetDetection`: a person, a face, a vehicle, seen with what the camera thinks of it. The vendor's
 * example is all that is published of this shape; what it does not name stays in `msg.raw`.
 */
export function fillMixedTarget(draft: Draft, body: Fields): void {
    const result = fieldsOf(body.CaptureResult);
    if (result === undefined) return;
    const { event } = draft;
    const person: Person = {};
    let pictureId: string | undefined;
    for (const [name, target] of PARTS) {
        const part = fieldsOf(result[name]);
        if (part === undefined) continue;
        event.target ??= target;
        const rect = readRect(part.Rect ?? part.rect);
        if (rect !== undefined) event.targetRect ??= rect;
        const fields = propertiesOf(part);
        if (target === 'vehicle') {
            const plate = plateOf(fields);
            if (plate !== undefined) event.plate = plate;
        } else addTraits(person, fields);
        if (target === 'face' && rect !== undefined) person.rect ??= rect;
        pictureId ??= textOf(part.pId1) ?? textOf(part.pId);
    }
    const targetId = textOf(result.targetID);
    // Targets that stand in one picture share its id.
    if (pictureId !== undefined) draft.vendorId = targetId === undefined ? pictureId : `${pictureId};${targetId}`;
    if (Object.keys(person).length > 0) event.person = person;
    draft.detail += `;${targetId ?? ''}`;
}
