import { type Fields, fieldsOf, listOf, numberOf, textOf } from '../../protocols/documents/values';
import type { Thermal } from '../deviceEvent';
import { readPoints } from '../geometry';
import type { Draft } from './draft';

const NAMES = ['TMPA', 'TMA', 'TDA'];

/** The measurement stands in the region it was made in, or beside the regions, under the name of the event. */
function measurementOf(body: Fields, type: string): Fields | undefined {
    const places = [...listOf(body.DetectionRegionList, 'DetectionRegionEntry'), body];
    for (const place of places) {
        for (const name of [type, ...NAMES]) {
            const found = fieldsOf(place[name]);
            if (found !== undefined) return found;
        }
    }
    return undefined;
}

/** Temperatures: the alarm (TMA), its warning (TMPA), the difference between two rules (TDA). */
export function fillThermal(draft: Draft, body: Fields): void {
    const { event } = draft;
    if (event.family !== 'thermal') return;
    const measured = measurementOf(body, event.type);
    if (measured === undefined) return;
    const thermal: Thermal = {};
    const unit = textOf(measured.thermometryUnit);
    if (unit !== undefined) thermal.unit = unit;
    const value = numberOf(measured.currTemperature ?? measured.currTemperatureDiff ?? measured.maxTemperature);
    if (value !== undefined) thermal.value = value;
    const threshold = numberOf(measured.ruleTemperature ?? measured.ruleTemperatureDiff ?? measured.alarmTemperature);
    if (threshold !== undefined) thermal.threshold = threshold;
    const rule = textOf(measured.ruleName) ?? textOf(measured.ruleType) ?? textOf(measured.ruleCalibType);
    if (rule !== undefined) thermal.rule = rule;
    const [point] = readPoints(listOf(measured.MaximumTemperaturePoint, 'RegionCoordinates'));
    if (point !== undefined) [thermal.x, thermal.y] = point;
    event.thermal = thermal;
    draft.detail += `;${thermal.value ?? ''};${textOf(measured.presetNo) ?? ''}`;
}
