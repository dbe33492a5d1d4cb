import { type Fields, fieldsOf, listOf, textOf } from '../../protocols/documents/values';
import type { Person } from '../deviceEvent';
import type { Draft } from './draft';
import { addTraits, readSimilarity } from './person';

/** The entry of the library that resembles the face most. */
function bestCandidate(face: Fields): { candidate?: Fields; similarity?: number } {
    let best: { candidate?: Fields; similarity?: number } = {};
    for (const identify of listOf(face.identify)) {
        for (const candidate of listOf(identify.candidate)) {
            const similarity = readSimilarity(candidate.similarity);
            if (best.candidate === undefined || (similarity ?? 0) > (best.similarity ?? 0)) {
                best = { candidate, similarity };
            }
        }
        if (best.similarity === undefined) best.similarity = readSimilarity(identify.maxsimilarity);
    }
    return best;
}

/** Who the library says it is. `certificateNumber` stays with a person; `human_id` is a row of the library. */
function addCandidate(person: Person, candidate: Fields): void {
    const reserve = fieldsOf(candidate.reserve_field) ?? {};
    const id = textOf(reserve.certificateNumber) ?? textOf(candidate.human_id);
    if (id !== undefined) person.id = id;
    const name = textOf(reserve.name) ?? textOf(candidate.name);
    if (name !== undefined) person.name = name;
    const type = textOf(candidate.listType);
    if (type !== undefined) person.type = type;
    const library = textOf(candidate.FDLibName);
    if (library !== undefined) person.library = library;
    addTraits(person, reserve);
}

/**
 * A face that was seen (`faceCapture`) or compared with a library (`alarmResult`). A comparison that found nobody has no
 * candidate and keeps the similarity of the nearest. `faceId` counts up and wraps: only the picture id is unique.
 */
export function fillFace(draft: Draft, body: Fields): void {
    const entry = fieldsOf(body.alarmResult) ?? fieldsOf(body.faceCapture);
    if (entry === undefined) return;
    const { event } = draft;
    const face = fieldsOf(entry.faces) ?? {};
    const attributes = fieldsOf(entry.targetAttrs) ?? {};
    const person: Person = {};
    const { candidate, similarity } = bestCandidate(face);
    if (similarity !== undefined) person.similarity = similarity;
    if (candidate !== undefined) addCandidate(person, candidate);
    addTraits(person, face);
    if (Object.keys(person).length > 0) event.person = person;
    event.target ??= 'face';
    const rect = person.rect;
    if (rect !== undefined) event.targetRect ??= rect;
    const which = `${textOf(face.faceId) ?? ''};${rect === undefined ? '' : `${rect.x},${rect.y}`}`;
    const pictureId = textOf(face.pId);
    // The others are of the whole scene, which all faces in it share.
    const sceneId = textOf(entry.uid) ?? textOf(attributes.pId);
    if (pictureId !== undefined) draft.vendorId = pictureId;
    else if (sceneId !== undefined) draft.vendorId = which === ';' ? sceneId : `${sceneId};${which}`;
    draft.detail += `;${which}`;
}
