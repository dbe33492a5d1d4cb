import { type Fields, fieldsOf, numberOf } from '../protocols/documents/values';
import type { Rect } from './deviceEvent';

/** Pixels of the picture that coordinates refer to, where the event names them. */
export interface Resolution {
    width: number;
    height: number;
}

/**
 * Devices count from 0 to 1 in fractions or from 0 to 1000 in whole numbers, in one and the same document; some cameras
 * count pixels and name the resolution beside them.
 *
 * @returns what to divide x and y by; `undefined` where nobody can know.
 */
function scaleOf(values: number[], resolution?: Resolution): [x: number, y: number] | undefined {
    let largest = 0;
    let fraction = false;
    for (const value of values) {
        if (value > largest) largest = value;
        if (!Number.isInteger(value)) fraction = true;
    }
    if (largest <= 1 || (fraction && largest <= 1.5)) return [1, 1];
    if (largest <= 1000) return [1000, 1000];
    return resolution === undefined ? undefined : [resolution.width, resolution.height];
}

function share(value: number, scale: number): number {
    return Math.min(1, Math.max(0, Math.round((value / scale) * 1e6) / 1e6));
}

export function readRect(value: unknown, resolution?: Resolution): Rect | undefined {
    const fields = fieldsOf(value);
    if (fields === undefined) return undefined;
    const x = numberOf(fields.x ?? fields.X ?? fields.positionX);
    const y = numberOf(fields.y ?? fields.Y ?? fields.positionY);
    const width = numberOf(fields.width ?? fields.Width);
    const height = numberOf(fields.height ?? fields.Height);
    if (x === undefined || y === undefined || width === undefined || height === undefined) return undefined;
    const scale = scaleOf([x, y, width, height], resolution);
    if (scale === undefined) return undefined;
    const [across, down] = scale;
    return { x: share(x, across), y: share(y, down), width: share(width, across), height: share(height, down) };
}

function readPoint(fields: Fields | undefined): [number, number] | undefined {
    if (fields === undefined) return undefined;
    const x = numberOf(fields.positionX ?? fields.x ?? fields.X);
    const y = numberOf(fields.positionY ?? fields.y ?? fields.Y);
    return x === undefined || y === undefined ? undefined : [x, y];
}

/** Points of a line or polygon; points that cannot be read are left out. */
export function readPoints(entries: Fields[]): [number, number][] {
    const points: [number, number][] = [];
    const values: number[] = [];
    for (const entry of entries) {
        const point = readPoint(entry);
        if (point === undefined) continue;
        points.push(point);
        values.push(point[0], point[1]);
    }
    const scale = scaleOf(values);
    if (scale === undefined) return [];
    const [across, down] = scale;
    for (const point of points) {
        point[0] = share(point[0], across);
        point[1] = share(point[1], down);
    }
    return points;
}

export function readResolution(value: unknown): Resolution | undefined {
    const fields = fieldsOf(value);
    if (fields === undefined) return undefined;
    const width = numberOf(fields.width);
    const height = numberOf(fields.height);
    return width !== undefined && height !== undefined && width > 0 && height > 0 ? { width, height } : undefined;
}
