import { type Fields, listOf, numberOf, textOf } from '../../protocols/documents/values';
import type { Region } from '../deviceEvent';
import { readPoints, readRect } from '../geometry';
import { readTarget } from '../target';
import type { Draft } from './draft';

const MAX_REGIONS = 64;

function readRegion(entry: Fields): Region {
    const region: Region = { points: readPoints(listOf(entry.RegionCoordinatesList, 'RegionCoordinates')) };
    const id = textOf(entry.regionID);
    if (id !== undefined) region.id = id;
    const sensitivity = numberOf(entry.sensitivityLevel);
    if (sensitivity !== undefined) region.sensitivity = sensitivity;
    const target = readTarget(entry.detectionTarget);
    if (target !== undefined) region.target = target;
    const rect = readRect(entry.TargetRect ?? entry.targetRect);
    if (rect !== undefined) region.rect = rect;
    return region;
}

/** Where it happened and what moved there: motion, lines, regions, and whatever else has a `DetectionRegionList`. */
export function fillRegions(draft: Draft, body: Fields): void {
    const { event } = draft;
    let target = readTarget(body.targetType);
    let rect = readRect(body.TargetRect ?? body.targetRect);
    if (body.DetectionRegionList !== undefined) {
        const entries = listOf(body.DetectionRegionList, 'DetectionRegionEntry').slice(0, MAX_REGIONS);
        const regions = entries.map(readRegion);
        for (const region of regions) {
            target ??= region.target;
            rect ??= region.rect;
            draft.detail += `;${region.id ?? ''}`;
        }
        if (regions.length > 0) event.regions = regions;
    }
    if (target !== undefined) event.target = target;
    if (rect !== undefined) {
        event.targetRect = rect;
        draft.detail += `;${rect.x},${rect.y},${rect.width},${rect.height}`;
    }
}
