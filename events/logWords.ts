import type { Fields } from '../protocols/documents/values';
import type { LogRow } from '../protocols/isapi/logRow';
import { lookUp } from './vocabulary';

/**
 * Words of the log whose event is called otherwise on the stream, in lower case and without begin or end. The words are
 * those of public clients and of the changes to the ISAPI guide; that they mean these events is inferred from their names.
 */
const LOG_WORDS = new Map(
    Object.entries({
        motion: 'VMD',
        motdet: 'VMD',
        hide: 'shelteralarm',
        alarmin: 'IO',
        audioinputexception: 'audioexception',
        soundintensitymutation: 'audioexception',
        videolost: 'videoloss',
        hdfull: 'diskfull',
        hderror: 'diskerror',
        raiderror: 'raidfailure',
        recorderror: 'recordingfailure',
        netbroken: 'nicbroken',
        // Spelled so by the devices.
        illlegealaccess: 'illaccess',
        illegalaccess: 'illaccess',
        videoformatmismatch: 'videomismatch',
        viandresmismatch: 'resolutionmismatch',
    }),
);

/** Categories that hold events. What people and programs did at the device (`Operation`, `Information`) is none. */
export const LOG_CATEGORIES = ['Alarm', 'Exception'];

/**
 * A row of the log of a camera or recorder as the body of the event that its stream would have brought.
 *
 * @param dateTime when it happened, as ISO 8601 with offset
 * @returns `undefined` for what is no event: another category, an exception that the vocabulary does not have, the end
 *   of something that only has an instant
 */
export function loggedBody({ category, word, number }: LogRow, dateTime: string): Fields | undefined {
    const phase = /(start|stop)$/i.exec(word)?.[1]?.toLowerCase();
    const name = phase === undefined ? word : word.slice(0, -phase.length);
    const known = knownType(name.toLowerCase());
    if (category !== 'alarm' && (category !== 'exception' || known === undefined)) return undefined;
    const type = known ?? (name === '' ? word : name);
    const { instant } = lookUp(type);
    if (instant && phase === 'stop') return undefined;
    const body: Fields = { eventType: type, dateTime };
    if (phase === 'stop') body.eventState = 'inactive';
    else if (phase === 'start' || known !== undefined) body.eventState = 'active';
    if (number !== undefined) body[type === 'IO' ? 'inputIOPortID' : 'channelID'] = number;
    return body;
}

/** The stream's word for a word of the log: `lineDetection`, `motionAlarm`, `loiteringDetection`. */
function knownType(name: string): string | undefined {
    for (const word of [name, name.replace(/alarm$/, ''), name.replace(/detection$/, ''), `${name}detection`]) {
        const type = LOG_WORDS.get(word) ?? word;
        if (word !== '' && lookUp(type).family !== 'unknown') return type;
    }
    return undefined;
}
