import { type Fields, fieldsOf, numberOf, textOf } from '../../protocols/documents/values';
import type { Audio } from '../deviceEvent';
import type { Draft } from './draft';

/** Sounds: what kind of exception, and how loud. */
export function fillAudio(draft: Draft, body: Fields): void {
    const { event } = draft;
    if (event.family !== 'audio') return;
    const inner =
        fieldsOf(body.AudioExceptionDetection) ?? fieldsOf(body.audioExceptionDetection) ?? fieldsOf(body[event.type]);
    const type = textOf(inner?.alarmType ?? body.alarmType);
    const decibel = numberOf(inner?.audioDecibel ?? body.audioDecibel);
    if (type === undefined && decibel === undefined) return;
    const audio: Audio = {};
    if (type !== undefined) audio.type = type;
    if (decibel !== undefined) audio.decibel = decibel;
    event.audio = audio;
    draft.detail += `;${type ?? ''}`;
}
