import { countOf, type Fields, fieldsOf, textOf } from '../../protocols/documents/values';
import type { Counting } from '../deviceEvent';
import { readTime } from '../time';
import type { Draft, Origin } from './draft';

/** People who went in, out and past, since midnight (`realTime`) or within a window (`timeRange`). */
export function fillCounting(draft: Draft, body: Fields, origin: Origin): void {
    const inner = fieldsOf(body.peopleCounting) ?? fieldsOf(body.framesPeopleCounting);
    if (inner === undefined) return;
    const counting: Counting = {};
    const add = (name: 'enter' | 'exit' | 'pass' | 'duplicate' | 'childEnter' | 'childExit', value: unknown) => {
        const count = countOf(value);
        if (count !== undefined) counting[name] = count;
    };
    add('enter', inner.enter);
    add('exit', inner.exit);
    add('pass', inner.pass);
    add('duplicate', inner.duplicatePeople);
    const child = fieldsOf(body.childCounting ?? inner.childCounting);
    add('childEnter', child?.enter);
    add('childExit', child?.exit);
    const mode = textOf(inner.statisticalMethods);
    if (mode === 'realTime' || mode === 'timeRange') counting.mode = mode;
    const region = textOf(inner.regionsID);
    if (region !== undefined) counting.region = region;
    const window = fieldsOf(inner.TimeRange);
    const from = textOf(window?.startTime);
    const to = textOf(window?.endTime);
    if (from !== undefined) counting.from = isoOrSame(from, origin);
    if (to !== undefined) counting.to = isoOrSame(to, origin);
    draft.event.counting = counting;
    draft.detail += `;${counting.region ?? ''};${counting.enter ?? ''};${counting.exit ?? ''};${to ?? ''}`;
}

function isoOrSame(text: string, origin: Origin): string {
    const { time, quality } = readTime(text, origin.receivedAt, origin.assumedOffset);
    return quality === 'received' ? text : time;
}
