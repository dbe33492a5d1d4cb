import { countOf, type Fields } from '../../protocols/documents/values';
import type { Io } from '../deviceEvent';
import type { Draft } from './draft';

/** Inputs and outputs; those of IP cameras behind a recorder have `dyn` numbers (702 is presumably input 2 of camera 7). */
export function fillIo(draft: Draft, body: Fields): void {
    const input = countOf(body.dynInputIOPortID) || countOf(body.inputIOPortID);
    const output = countOf(body.dynOutputIOPortID) || countOf(body.outputIOPortID);
    if (input === undefined && output === undefined) return;
    const io: Io = {};
    if (input !== undefined) io.input = input;
    if (output !== undefined) io.output = output;
    draft.event.io = io;
    draft.detail += `;${input ?? ''};${output ?? ''}`;
}
