import { XMLBuilder } from 'fast-xml-parser';
import { readXmlDocument, type XmlObject } from '../protocols/documents/readXml';

/** The namespaces that devices of different ages write; a reader must not depend on any of them. */
export const NAMESPACES = {
    hikvision: 'http://www.hikvision.com/ver20/XMLSchema',
    isapi: 'http://www.isapi.org/ver20/XMLSchema',
    psialliance: 'urn:psialliance-org',
} as const;

export type LineEnd = '\r\n' | '\n';

export interface XmlStyle {
    namespace?: string;
    /** The `version` attribute of the root. */
    version?: string;
    declaration?: boolean;
    /** Cameras end lines with CRLF, recorders with LF (CornerBit/HikSink). */
    lineEnd?: LineEnd;
    /** Writes `&` as it stands, as firmware does that forgets to escape channel names (toxuin/alarmserver#34). */
    rawAmpersand?: boolean;
}

const escaping = new XMLBuilder({ format: true, indentBy: '', ignoreAttributes: false, attributeNamePrefix: '@' });
const careless = new XMLBuilder({
    format: true,
    indentBy: '',
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    processEntities: false,
});

/**
 * An XML document as devices write it: no indentation, one element a line, a line end after the root.
 * Keys that start with `@` become attributes; undefined values are left out.
 */
export function xmlDocument(root: string, content: object, style: XmlStyle = {}): string {
    const { namespace = NAMESPACES.hikvision, version = '2.0', declaration = true, lineEnd = '\n' } = style;
    const builder = style.rawAmpersand ? careless : escaping;
    const text = builder.build({ [root]: { '@version': version, '@xmlns': namespace, ...content } }) as string;
    const whole = declaration ? `<?xml version="1.0" encoding="UTF-8"?>\n${text}` : text;
    return lineEnd === '\n' ? whole : whole.replaceAll('\n', lineEnd);
}

/**
 * What a client sent, as the simulated device reads it: root name and content. Undefined when it is not well-formed XML:
 * a device may forgive more, but then a client's mistake would go unseen here.
 */
export function readXmlBody(body: Buffer): { root: string; content: XmlObject } | undefined {
    const document = readXmlDocument(body.toString('utf8'));
    if (document === undefined || !document.complete || document.warnings.length > 0) return undefined;
    const content = document.object[document.root];
    if (Array.isArray(content) || content === undefined) return undefined;
    return { root: document.root, content: typeof content === 'string' ? {} : content };
}

/** What a client sent as JSON; undefined when it is not an object. */
export function readJsonBody(body: Buffer): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(body.toString('utf8'));
        return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        throw error;
    }
}

/**
 * JSON as the cJSON library of access terminals prints it: tabs for indentation, a tab after the colon, LF,
 * array elements on the line of their bracket.
 */
export function cJson(value: unknown, depth = 0): string {
    if (Array.isArray(value)) return `[${value.map((item) => cJson(item, depth + 1)).join(', ')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const margin = '\t'.repeat(depth + 1);
    const lines = Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${margin}${JSON.stringify(key)}:\t${cJson(item, depth + 1)}`);
    return `{\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}${'\t'.repeat(depth)}}`;
}
