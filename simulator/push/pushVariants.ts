import { Fault } from '../../protocols/errors';
import { type PushStyle, STANDARD_PUSH } from './pushBody';

export interface PushVariant {
    /** One line for `--list-variants`. */
    about: string;
    style: Partial<PushStyle>;
}

/** Every way of pushing that has been seen, by the name that the command line and the tests use. */
export const PUSH_VARIANTS = {
    standard: { about: 'multipart/form-data with pictures, else the bare XML or JSON', style: {} },
    'form-data': { about: 'multipart/form-data even without pictures', style: { body: 'form-data' } },
    mixed: { about: 'multipart/mixed', style: { body: 'mixed' } },
    'query-string': { about: 'the fields in the URL, pictures in the body', style: { body: 'query' } },
    urlencoded: { about: 'application/x-www-form-urlencoded', style: { body: 'urlencoded' } },
    'mime-boundary': {
        about: 'boundary=MIME_boundary, parts without a length (DS-K1T344)',
        style: { body: 'form-data', boundary: 'MIME_boundary', partLengths: false },
    },
    'leading-dashes': {
        about: 'a boundary that begins with dashes of its own',
        style: { body: 'form-data', boundary: '---------------------------7e13971310878' },
    },
    'unnamed-parts': { about: 'parts without Content-Disposition', style: { body: 'form-data', partNames: 'none' } },
    'unquoted-names': {
        about: 'form-data;name=x without blank and quotes',
        style: { body: 'form-data', partNames: 'unquoted' },
    },
    'bare-parts': {
        about: 'parts without any header',
        style: { body: 'form-data', partNames: 'none', partTypes: false, partLengths: false },
    },
    'no-final-boundary': {
        about: 'the closing delimiter is missing',
        style: { body: 'form-data', finalBoundary: false },
    },
    'headers-in-body': {
        about: 'the body begins with Content-Type: multipart/… of its own',
        style: { body: 'form-data', headersInBody: true, contentType: '' },
    },
    'wrong-content-type': { about: 'text/plain around XML or JSON', style: { contentType: 'text/plain' } },
    'no-content-type': { about: 'a body without Content-Type', style: { contentType: '' } },
    'truncated-picture': {
        about: 'the connection is cut in the middle of the JPEG (DS-K1T344: 95 of 123 posts of a day)',
        style: { cut: 'in-picture' },
    },
    'truncated-text': { about: 'the connection is cut in the middle of the event', style: { cut: 'in-text' } },
    slow: { about: 'a slow uplink: 512 bytes every 50 ms', style: { slow: { bytes: 512, pause: 50 } } },
    chunked: { about: 'Transfer-Encoding: chunked', style: { length: 'chunked' } },
    'until-close': { about: 'no length: the end of the connection ends the body', style: { length: 'until-close' } },
    'expect-continue': { about: 'waits for 100 Continue before the body', style: { expectContinue: true } },
    'drops-query': { about: 'forgets the query string of its URL (DeepinView)', style: { dropsQuery: true } },
    'keep-alive': { about: 'one connection for many posts', style: { connection: 'keep-alive' } },
} as const satisfies Record<string, PushVariant>;

export type PushVariantName = keyof typeof PUSH_VARIANTS;

/**
 * One or several variants, the later ones over the earlier, on top of a device's own manner.
 *
 * @throws Fault CONFIG_INVALID for a name that is not in the table
 */
export function pushStyleOf(names: readonly string[], own: Partial<PushStyle> = {}): PushStyle {
    const style: PushStyle = { ...STANDARD_PUSH, ...own };
    for (const name of names) {
        if (!Object.hasOwn(PUSH_VARIANTS, name)) {
            throw new Fault('CONFIG_INVALID', { details: { field: 'push-variant', reason: `“${name}” is unknown` } });
        }
        Object.assign(style, PUSH_VARIANTS[name as PushVariantName].style);
    }
    return style;
}
