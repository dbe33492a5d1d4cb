import { Fault } from '../../protocols/errors';
import { between } from '../random';
import { type Framing, responseHead, STANDARD } from './framing';

export interface Variant {
    /** One line for `--list-variants`. */
    about: string;
    framing: Partial<Framing>;
}

/** Every deviation that has been seen on the wire, by the name that the command line and the tests use. */
export const VARIANTS = {
    standard: { about: 'what most cameras and recorders send', framing: {} },
    hikboundary: {
        about: 'another boundary, and an answer without Connection or length (Annke C800, toxuin/alarmserver#15)',
        framing: { declared: 'hikboundary', boundary: 'hikboundary', response: 'close-delimited' },
    },
    'mime-boundary': {
        about: 'boundary=MIME_boundary, as terminals and intercoms write it',
        framing: { declared: 'MIME_boundary', boundary: 'MIME_boundary' },
    },
    'quoted-boundary': { about: 'boundary="boundary"', framing: { declared: '"boundary"' } },
    'declared-boundary-differs': {
        about: 'the head declares one boundary, the body uses another (older recorders, Scrypted)',
        framing: { declared: 'MIME_boundary', boundary: 'boundary' },
    },
    'no-boundary': {
        about: 'the head declares no boundary (doorbells, toxuin/alarmserver#15)',
        framing: { declared: undefined },
    },
    'leading-dashes': {
        about: 'a boundary that begins with dashes of its own; the delimiter has two more',
        framing: {
            declared: '---------------------------7e13971310878',
            boundary: '---------------------------7e13971310878',
        },
    },
    'declared-with-dashes': {
        about: 'the head counts the two dashes of the delimiter into the boundary',
        framing: { declared: '--boundary' },
    },
    'doubled-delimiters': {
        about: 'every delimiter line twice (toxuin/alarmserver#51)',
        framing: { delimiters: 2 },
    },
    'glued-delimiter': {
        about: 'the delimiter follows the XML without a line end (toxuin/alarmserver#51)',
        framing: { lineBeforeDelimiter: false },
    },
    'end-markers': { about: '--boundary-- after each part, and the stream goes on', framing: { endMarkers: true } },
    nested: {
        about: 'each part wrapped in an outer one that has only a length (DS-KD8003, mezz64/pyHik#77)',
        framing: { nested: 'untyped' },
    },
    'nested-typed': {
        about: 'each part wrapped in an outer multipart/mixed part',
        framing: { nested: 'typed' },
    },
    'no-content-length': { about: 'parts without Content-Length', framing: { lengthError: undefined } },
    'no-part-headers': {
        about: 'parts without Content-Type and Content-Length',
        framing: { lengthError: undefined, typed: false },
    },
    'short-length': { about: 'Content-Length 12 bytes too small', framing: { lengthError: -12 } },
    'long-length': { about: 'Content-Length 7 bytes too large', framing: { lengthError: 7 } },
    'lf-headers': { about: 'delimiter and header lines end with LF', framing: { lineEnd: '\n' } },
    'one-shot': {
        about: 'no multipart: one bare XML heartbeat, then the end (DS-KB6003, mezz64/pyHik#16)',
        framing: { oneShot: 'always' },
    },
    'one-shot-alternating': {
        about: 'the same, and HTTP 403 every other time',
        framing: { oneShot: 'alternating' },
    },
    'http-glued': {
        about: 'another HTTP answer glued after each part (raw-TCP doorbells, toxuin/alarmserver)',
        framing: { between: (framing) => Buffer.from(responseHead(framing)) },
    },
    'close-delimited': {
        about: 'an answer without Connection, length or Transfer-Encoding (CornerBit/HikSink#11)',
        framing: { response: 'close-delimited' },
    },
    'keep-alive': { about: 'Connection: keep-alive without a length', framing: { response: 'keep-alive' } },
    chunked: { about: 'Transfer-Encoding: chunked', framing: { response: 'chunked' } },
    'garbage-between': {
        about: 'binary bytes between the parts (DS-2CD2186G2-ISU, CornerBit/HikSink#19)',
        framing: {
            between: (_framing, random) => {
                const bytes = Buffer.from(
                    Array.from({ length: between(random, 5, 60) }, () => between(random, 0, 255)),
                );
                return Buffer.concat([bytes, Buffer.from('\r\n')]);
            },
        },
    },
    'headerless-pictures': {
        about: 'JPEG bytes where the headers of a part are expected (CornerBit/HikSink#11)',
        framing: { headerlessPictures: true },
    },
    trickle: { about: 'one byte at a time', framing: { trickle: 1 } },
    'stall-mid-part': { about: 'falls silent in the middle of the third part', framing: { stallInPart: 3 } },
    'close-after-40s': {
        about: 'ends the stream after 40 s, again and again (home-assistant/core#82767)',
        framing: { closeAfter: 40 },
    },
    'non-utf8-name': {
        about: 'declares UTF-8 and writes the channel name in an 8-bit set (hikvision_next#317)',
        framing: { channelName: { text: 'Pátio § 7', encoding: 'latin1' } },
    },
    'unescaped-ampersand': {
        about: 'writes & in a name as it stands (toxuin/alarmserver#34)',
        framing: { channelName: { text: 'Portão & Garagem', encoding: 'utf8' }, rawAmpersand: true },
    },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;

/**
 * One or several variants, the later ones over the earlier, on top of a device's own manner.
 *
 * @throws Fault CONFIG_INVALID for a name that is not in the table
 */
export function framingOf(names: readonly string[], own: Partial<Framing> = {}): Framing {
    const framing: Framing = { ...STANDARD, ...own };
    for (const name of names) {
        if (!Object.hasOwn(VARIANTS, name)) {
            throw new Fault('CONFIG_INVALID', { details: { field: 'variant', reason: `“${name}” is unknown` } });
        }
        Object.assign(framing, VARIANTS[name as VariantName].framing);
    }
    return framing;
}
