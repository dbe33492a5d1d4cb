import type { XMLBuilder } from 'fast-xml-parser';
import { Fault } from '../errors';

/** What the vendor's guide writes in every document of its own. */
const NAMESPACE = 'http://www.isapi.org/ver20/XMLSchema';
const VERSION = '2.0';

let builder: XMLBuilder | undefined;

/** Loaded when the first document is written: it takes 5 ms, and most flows only read. */
function theBuilder(): XMLBuilder {
    if (builder !== undefined) return builder;
    const module = require('fast-xml-parser') as typeof import('fast-xml-parser');
    builder = new module.XMLBuilder({
        ignoreAttributes: false,
        attributeNamePrefix: '@',
        textNodeName: '#text',
        suppressEmptyNode: false,
        // `true` is the text of an element here, never an attribute without a value.
        suppressBooleanAttributes: false,
    });
    return builder;
}

/**
 * An XML document from an object with one root: keys are elements, `@name` attributes, `#text` the text beside them, an
 * array is the element repeated. Undefined values are left out. A root without a namespace gets the vendor's.
 *
 * @throws Fault BODY_INVALID
 */
export function buildXml(object: object): string {
    const [root, ...more] = Object.keys(object);
    if (root === undefined || more.length > 0) {
        const found = root === undefined ? 'none' : [root, ...more].slice(0, 4).join(', ');
        throw new Fault('BODY_INVALID', {
            details: { reason: `XML needs exactly one root element, and here is ${found}` },
        });
    }
    const content = (object as Record<string, unknown>)[root];
    if (Array.isArray(content)) throw new Fault('BODY_INVALID', { details: { reason: 'the root is a list' } });
    return `<?xml version="1.0" encoding="UTF-8"?>\n${theBuilder().build(plain({ [root]: withNamespace(content) }, new Set()))}`;
}

function withNamespace(content: unknown): unknown {
    const attributes = { '@version': VERSION, '@xmlns': NAMESPACE };
    if (content === null || typeof content !== 'object') return { ...attributes, '#text': content ?? '' };
    if (Object.keys(content).some((key) => key.startsWith('@xmlns'))) return content;
    return { ...attributes, ...content };
}

/** What the builder understands: no null, no Buffer, no class, no circle. */
function plain(value: unknown, above: Set<object>): unknown {
    if (value === null) return '';
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object') return value;
    if (value instanceof Date) return value.toISOString();
    if (Buffer.isBuffer(value))
        throw new Fault('BODY_INVALID', { details: { reason: 'a Buffer lies inside the object' } });
    if (above.has(value)) throw new Fault('BODY_INVALID', { details: { reason: 'the object contains itself' } });
    const path = new Set(above).add(value);
    if (Array.isArray(value)) return value.map((item) => plain(item, path));
    const result: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
        if (key === '__proto__' || item === undefined || typeof item === 'function') continue;
        if (!ELEMENT_NAME.test(key)) {
            throw new Fault('BODY_INVALID', { details: { reason: `“${key.slice(0, 40)}” is no name of an element` } });
        }
        result[key] = plain(item, path);
    }
    return result;
}

/** A name of XML without the exotic letters, with our marks for attributes and text. */
const ELEMENT_NAME = /^(?:#text|@?[A-Za-z_][\w.:-]{0,127})$/;
