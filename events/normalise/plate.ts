import { countOf, type Fields, fieldsOf, listOf, numberOf, textOf } from '../../protocols/documents/values';
import type { Plate } from '../deviceEvent';
import { readRect, readResolution } from '../geometry';
import type { Draft } from './draft';

/** Attribute elements say `unknown` where the camera knows nothing. */
function known(value: unknown): string | undefined {
    const text = textOf(value);
    return text === undefined || text.trim().toLowerCase() === 'unknown' ? undefined : text;
}

function directionOf(value: unknown): Plate['direction'] | undefined {
    const word = textOf(value)?.trim().toLowerCase();
    if (word === undefined) return undefined;
    return word === 'forward' || word === 'reverse' ? word : 'unknown';
}

/** Everything said of the vehicle, under the vendor's own names. */
function vehicleOf(anpr: Fields): Record<string, string> | undefined {
    const vehicle: Record<string, string> = {};
    for (const [name, value] of Object.entries(fieldsOf(anpr.vehicleInfo) ?? {})) {
        const text = known(value);
        if (text !== undefined && !name.startsWith('@')) vehicle[name] = text;
    }
    for (const name of ['vehicleType', 'barrierGateCtrlType']) {
        const text = known(anpr[name]);
        if (text !== undefined) vehicle[name] = text;
    }
    return Object.keys(vehicle).length > 0 ? vehicle : undefined;
}

function illegalOf(value: unknown): Plate['illegal'] | undefined {
    const info = fieldsOf(value);
    if (info === undefined) return undefined;
    const illegal: Plate['illegal'] = {};
    const code = textOf(info.illegalCode);
    const name = textOf(info.illegalName);
    const description = textOf(info.illegalDescription);
    if (code !== undefined) illegal.code = code;
    if (name !== undefined) illegal.name = name;
    if (description !== undefined) illegal.description = description;
    return Object.keys(illegal).length > 0 ? illegal : undefined;
}

/**
 * A plate as a camera read it: `ANPR`, or the same names as a query string (`lane`, `direction`, …). The rectangles stand
 * with the pictures, under names that the vendor misspelt (`vehicelRect`).
 */
export function fillPlate(draft: Draft, body: Fields): void {
    const anpr = fieldsOf(body.ANPR) ?? (body.licensePlate === undefined ? undefined : body);
    if (anpr === undefined) return;
    const { event } = draft;
    const plate: Plate = { number: known(anpr.licensePlate) ?? null };
    const original = textOf(anpr.originalLicensePlate);
    if (original !== undefined) plate.original = original;
    const country = known(anpr.country);
    if (country !== undefined) plate.country = country;
    const region = known(anpr.region) ?? known(anpr.tailandStateID) ?? known(anpr.CRIndex);
    if (region !== undefined) plate.region = region;
    const confidence = numberOf(anpr.confidenceLevel);
    if (confidence !== undefined) plate.confidence = confidence;
    const lane = countOf(anpr.line ?? anpr.lane ?? anpr.laneNo);
    if (lane !== undefined) plate.lane = lane;
    const direction = directionOf(anpr.direction);
    if (direction !== undefined) plate.direction = direction;
    const color = known(anpr.plateColor);
    if (color !== undefined) plate.color = color;
    const type = known(anpr.plateType);
    if (type !== undefined) plate.type = type;
    const list = textOf(anpr.vehicleListName) ?? textOf(anpr.listType);
    if (list !== undefined) plate.list = list;
    const vehicle = vehicleOf(anpr);
    if (vehicle !== undefined) plate.vehicle = vehicle;
    const illegal = illegalOf(anpr.illegalInfo);
    if (illegal !== undefined) plate.illegal = illegal;

    const resolution = readResolution(body.detectionBackgroundImageResolution);
    const pictures = listOf(anpr.pictureInfoList, 'pictureInfo');
    for (const source of [...pictures, anpr]) {
        plate.rect ??= readRect(source.plateRect, resolution);
        event.targetRect ??= readRect(source.vehicelRect ?? source.vehicleRect, resolution);
    }
    if (plate.rect === undefined) delete plate.rect;
    if (event.targetRect === undefined) delete event.targetRect;
    event.plate = plate;
    event.target ??= 'vehicle';
    draft.detail += `;${plate.number ?? ''};${plate.lane ?? ''}`;
    const uuid = textOf(body.UUID) ?? textOf(body.uid);
    if (uuid !== undefined && /[1-9a-z]/i.test(uuid)) draft.vendorId = uuid;
}
