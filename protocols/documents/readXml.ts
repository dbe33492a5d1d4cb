import { SaxesParser } from 'saxes';
import { PlainXmlReader, type XmlDocument, type XmlObject } from './plainXml';

export type { XmlDocument, XmlObject, XmlValue } from './plainXml';

export interface XmlLimits {
    /** Characters of text that are read; 2 Mi take about 20 ms. */
    characters: number;
    elements: number;
    depth: number;
}

const DEFAULT_LIMITS: XmlLimits = { characters: 2 * 1024 * 1024, elements: 100_000, depth: 64 };

/** Each fault costs the parser an Error with its stack: a text that is nothing but faults must not hold up the loop. */
const MAX_FAULTS = 64;
const MAX_ATTRIBUTES = 256;
const MAX_REPAIRS = 1000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids
const UNFIT = /&(?!#?\w{1,32};)|<(?![\w:/?!\u0080-\uffff])|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]+/g;

/** Thrown out of the parser's callbacks to stop it. */
class Enough extends Error {}

/**
 * Reads XML as devices write it: any namespace or prefix (both are stripped), blank lines or a BOM before the
 * declaration, several roots, a stray `&` or `<` in a name (toxuin/alarmserver#34), an end that never came. Values stay
 * text, exactly as sent but for line breaks and indentation around them. Entities of a DOCTYPE are never expanded.
 *
 * @returns the document, keyed by its root element; `undefined` where there is no element at all.
 */
export function readXml(text: string, limits?: Partial<XmlLimits>): XmlObject | undefined {
    return readXmlDocument(text, limits)?.object;
}

/** {@link readXml} with what it noticed on the way. Never throws. */
export function readXmlDocument(text: string, limits?: Partial<XmlLimits>): XmlDocument | undefined {
    const allowed = limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits };
    const start = text.indexOf('<');
    if (start < 0) return undefined;
    if (text.length > allowed.characters) return parse(text, start, allowed);
    return plain.read(start === 0 ? text : text.slice(start), allowed) ?? parse(text, start, allowed);
}

/**
 * {@link readXmlDocument} for whoever does not know yet whether the text is one document and nothing else: `undefined`
 * where that is not so, or where it takes the parser to tell.
 *
 * @param text begins with `<`
 */
export function readPlainXml(text: string): XmlDocument | undefined {
    return plain.read(text, DEFAULT_LIMITS);
}

/** {@link readXmlDocument} by the parser alone, which reads every text: what the fast way is measured against. */
export function parseXmlDocument(text: string, limits?: Partial<XmlLimits>): XmlDocument | undefined {
    const start = text.indexOf('<');
    return start < 0 ? undefined : parse(text, start, { ...DEFAULT_LIMITS, ...limits });
}

function parse(text: string, start: number, allowed: XmlLimits): XmlDocument | undefined {
    const whole = start === 0 && text.length <= allowed.characters ? text : text.slice(start, allowed.characters);
    const reader = pool.pop() ?? new TreeReader();
    const first = reader.read(whole, allowed);
    let document = first;
    if (reader.faults > 0) {
        const repaired = repair(whole);
        if (repaired !== whole) document = reader.read(repaired, allowed) ?? first;
    }
    if (pool.length < 2) pool.push(reader);
    if (document !== undefined && text.length > allowed.characters) {
        document.complete = false;
        document.warnings.push(`only the first ${allowed.characters} characters were read`);
    }
    return document;
}

/**
 * Escapes what cannot be markup and drops what XML 1.0 forbids. Only `&` that starts no entity is touched, because a
 * blind replacement would corrupt the entities that are right. A text with more of them than any name has is left alone.
 */
function repair(text: string): string {
    let left = MAX_REPAIRS;
    let from = 0;
    let repaired = '';
    UNFIT.lastIndex = 0;
    for (let match = UNFIT.exec(text); match !== null && left > 0; match = UNFIT.exec(text)) {
        const found = match[0];
        repaired += text.slice(from, match.index) + (found === '&' ? '&amp;' : found === '<' ? '&lt;' : '');
        from = match.index + found.length;
        left -= 1;
    }
    return left === 0 || from === 0 ? text : repaired + text.slice(from);
}

/** Keys that a careless merge downstream would turn into a changed prototype. */
function isUnsafe(name: string): boolean {
    return name === '__proto__' || name === 'constructor' || name === 'prototype';
}

function localName(name: string): string {
    const colon = name.indexOf(':');
    return colon < 0 ? name : name.slice(colon + 1);
}

function isBlank(code: number): boolean {
    return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Takes line breaks and indentation off both ends; blanks on the line itself stay, they may belong to a name. */
function withoutIndentation(text: string): string {
    if (text.charCodeAt(0) > 0x20 && text.charCodeAt(text.length - 1) > 0x20) return text;
    let start = 0;
    let broken = false;
    while (start < text.length && isBlank(text.charCodeAt(start))) {
        if (text[start] === '\n' || text[start] === '\r') broken = true;
        start += 1;
    }
    if (start === text.length) return '';
    const from = broken ? start : 0;
    let end = text.length;
    broken = false;
    while (isBlank(text.charCodeAt(end - 1))) {
        end -= 1;
        if (text[end] === '\n' || text[end] === '\r') broken = true;
    }
    return text.slice(from, broken ? end : text.length);
}

function emptyObject(): XmlObject {
    return Object.create(null) as XmlObject;
}

/** Builds the tree while the parser runs; used for one text after the other, because a new parser costs 2 µs. */
class TreeReader {
    faults = 0;
    private firstFault = '';
    private parser = this.createParser();
    private limits = DEFAULT_LIMITS;
    private elements = 0;
    private root = '';
    private document = emptyObject();
    /** One entry per open element; its object exists once it has an attribute or a child. */
    private readonly names: string[] = [];
    private readonly objects: (XmlObject | undefined)[] = [];
    /** Attributes of the tag that is being read. */
    private attributes: XmlObject | undefined;
    private attributeCount = 0;
    /** Text since the last tag. */
    private text = '';

    read(text: string, limits: XmlLimits): XmlDocument | undefined {
        this.limits = limits;
        this.faults = 0;
        this.firstFault = '';
        this.elements = 0;
        this.root = '';
        this.document = emptyObject();
        this.text = '';
        this.attributes = undefined;
        this.attributeCount = 0;
        let stopped: string | undefined;
        try {
            this.parser.write(text).close();
        } catch (reason) {
            stopped = reason instanceof Enough ? reason.message : String(reason);
            // A parser that was left in the middle of a text cannot be used again.
            this.parser = this.createParser();
        }
        const complete = this.names.length === 0 && stopped === undefined;
        if (!complete) this.dropHalfValue();
        while (this.names.length > 0) this.closeElement();
        if (this.root === '') return undefined;
        const warnings: string[] = [];
        if (stopped !== undefined) warnings.push(stopped);
        if (this.faults > 0) warnings.push(`the XML is not well-formed: ${this.firstFault}`);
        return { root: this.root, object: this.document, complete, warnings };
    }

    private createParser(): SaxesParser {
        const parser = new SaxesParser({ xmlns: false, position: false });
        parser.on('attribute', ({ name, value }) => this.addAttribute(name, value));
        parser.on('opentag', (tag) => this.openElement(tag.name));
        parser.on('closetag', () => this.closeElement());
        parser.on('text', (text) => this.addText(text));
        parser.on('cdata', (text) => this.addText(text));
        parser.on('error', (error) => this.noteFault(error.message));
        return parser;
    }

    private addAttribute(name: string, value: string): void {
        this.attributeCount += 1;
        if (this.attributeCount > MAX_ATTRIBUTES) throw new Enough(`more than ${MAX_ATTRIBUTES} attributes`);
        if (name === 'xmlns' || name.startsWith('xmlns:')) return;
        this.attributes ??= emptyObject();
        this.attributes[`@${localName(name)}`] = value;
    }

    private openElement(tag: string): void {
        this.elements += 1;
        if (this.elements > this.limits.elements) throw new Enough(`more than ${this.limits.elements} elements`);
        if (this.names.length >= this.limits.depth) throw new Enough(`more than ${this.limits.depth} levels`);
        const name = localName(tag);
        if (this.root === '') this.root = name;
        this.keepText();
        this.names.push(name);
        this.objects.push(this.attributes);
        this.attributes = undefined;
        this.attributeCount = 0;
    }

    private addText(text: string): void {
        this.text = this.text === '' ? text : this.text + text;
    }

    /** Text between elements is indentation, but a device that mixes both shall not lose it. */
    private keepText(): void {
        const text = withoutIndentation(this.text);
        this.text = '';
        if (text === '' || this.names.length === 0) return;
        const object = this.openObject();
        const before = object['#text'];
        object['#text'] = before === undefined ? text : `${before}${text}`;
    }

    /** The object of the innermost open element, or of the document. */
    private openObject(): XmlObject {
        const level = this.objects.length - 1;
        if (level < 0) return this.document;
        const object = this.objects[level] ?? emptyObject();
        this.objects[level] = object;
        return object;
    }

    private closeElement(): void {
        if (this.objects.length === 0) return;
        let value: string | XmlObject;
        if (this.objects[this.objects.length - 1] === undefined) {
            value = withoutIndentation(this.text);
            this.text = '';
        } else {
            this.keepText();
            value = this.openObject();
        }
        this.objects.pop();
        const name = this.names.pop()!;
        if (isUnsafe(name)) return;
        const parent = this.openObject();
        const sibling = parent[name];
        if (sibling === undefined) parent[name] = value;
        else if (Array.isArray(sibling)) sibling.push(value);
        else parent[name] = [sibling, value];
    }

    /** Where the text breaks off in the middle of a value, half of it would be taken for the whole: channel 1 of 12. */
    private dropHalfValue(): void {
        this.text = '';
        const level = this.objects.length - 1;
        if (level <= 0 || this.objects[level] !== undefined) return;
        this.objects.pop();
        this.names.pop();
    }

    private noteFault(message: string): void {
        this.faults += 1;
        if (this.faults === 1) this.firstFault = message.slice(0, 80);
        if (this.faults >= MAX_FAULTS) throw new Enough('too many faults in the XML');
    }
}

const pool: TreeReader[] = [];
const plain = new PlainXmlReader();
