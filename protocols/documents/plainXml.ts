/** What an element became; see `readXml`. */
export type XmlValue = string | XmlObject | (string | XmlObject)[];

/** Has no prototype, so that no element name can reach `Object.prototype`. Attributes are `@name`, mixed text is `#text`. */
export interface XmlObject {
    [name: string]: XmlValue;
}

/** Limits within which the reader stays; a document beyond them is not plain. */
export interface PlainLimits {
    elements: number;
    depth: number;
}

export interface XmlDocument {
    /** Local name of the first root element. */
    root: string;
    /** Keyed by the name of the root. Devices glue documents together: two roots of one name are an array. */
    object: XmlObject;
    /** False where the text ended, or a limit was met, before the root was closed. */
    complete: boolean;
    /** What was wrong with the text, in a few words; empty for a well-formed document. */
    warnings: string[];
}

/** A tag as it was seen. */
interface Tag {
    /** As written, with its prefix. */
    name: string;
    /** Without it. */
    local: string;
    codes: Uint16Array;
    /** The tag that was opened after it the last time: the first guess for the next time. */
    next?: Tag;
    /** Its attributes the last time. */
    attributes?: Attributes;
    /** Its text the last time. */
    value?: string;
    valueCodes?: Uint16Array;
    /** How often its text may still be another one before it is no longer compared with the last. */
    patience: number;
}

/** What stands between a tag name and the end of its tag. */
interface Attributes {
    /** Up to and with the `>` or `/` that follows. */
    codes: Uint16Array;
    /** Keys and values as they stand in the object; declarations of namespaces are left out. */
    fields: [key: string, value: string][];
}

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const AMPERSAND = 0x26;
const SINGLE_QUOTE = 0x27;
const SLASH = 0x2f;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;

/** From here on there are halves of characters, and characters that XML forbids. */
const FIRST_ODD = 0xd800;
const MOST_ATTRIBUTES = 8;
const MOST_TAGS = 1024;
const LONGEST_NAME = 64;
const PATIENCE = 8;
/** Characters of a text that is remembered. */
const LONGEST_VALUE = 32;
/** Characters of all attributes of a tag that are remembered. */
const LONGEST_ATTRIBUTES = 256;
/** Characters of a document; events have one or two thousand. */
const LONGEST_TEXT = 32 * 1024;

/** What a character means in a text; a text has the bits of all its characters. */
const SOLID = 1;
const BLANK = 2;
const BREAK = 4;
const ENTITY = 8;
const ODD = 16;

const TEXT = new Uint8Array(128).fill(SOLID);
TEXT.fill(ODD, 0, SPACE);
TEXT[SPACE] = BLANK;
for (const code of [TAB, LF, CR]) TEXT[code] = BREAK;
TEXT[AMPERSAND] = ENTITY;
TEXT[GREATER_THAN] = ODD;

const STARTS_NAME = 1;
const CONTINUES_NAME = 2;

const NAME = new Uint8Array(128);
for (let code = 0; code < NAME.length; code += 1) {
    const character = String.fromCharCode(code);
    if (/[A-Za-z_]/.test(character)) NAME[code] = STARTS_NAME | CONTINUES_NAME;
    else if (/[\d.:-]/.test(character)) NAME[code] = CONTINUES_NAME;
}

const DECLARATIONS = ['"1.0" encoding="UTF-8"', '"1.0" encoding="utf-8"', '"1.0"'].flatMap((said) => [
    `<?xml version=${said}?>`,
    `<?xml version=${said} ?>`,
]);

const ENTITIES = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }));

/** Left out, because a careless merge downstream would turn them into a changed prototype. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads XML as devices nearly always write it: elements, attributes, text, the five entities of XML. It looks at each
 * character once and makes no object but those of the result.
 *
 * It decides nothing: whatever is unusual (comments, CDATA, a DOCTYPE, text beside elements, a stray `&`, control
 * characters, two roots, any fault) is left to the parser behind `readXml`, which reads everything. What this reads is
 * what that parser would have made of it; a test compares the two over mutations of documents of all kinds.
 */
export class PlainXmlReader {
    readonly #tags = new Map<string, Tag>();
    /** Stands before the root. */
    readonly #start: Tag = { name: '', local: '', codes: new Uint16Array(), patience: 0 };
    /** The codes of the text, and a zero behind them: three times as fast to look at as the characters of a string. */
    readonly #codes = new Uint16Array(LONGEST_TEXT + 1);
    readonly #codeBytes = Buffer.from(this.#codes.buffer);
    #text = '';
    /** The next character. */
    #at = 0;
    /** The tag that was opened last. */
    #before = this.#start;
    /** Elements that may still come. */
    #left = 0;
    #depth = 0;

    /**
     * @param text begins with `<`
     * @returns `undefined` where the text is not plain
     */
    read(text: string, limits: PlainLimits): XmlDocument | undefined {
        if (text.length > LONGEST_TEXT) return undefined;
        this.#text = text;
        this.#codeBytes.write(text, 0, 'utf16le');
        this.#codes[text.length] = 0;
        this.#at = afterBlanks(this.#codes, afterDeclaration(text));
        this.#before = this.#start;
        this.#left = limits.elements;
        this.#depth = limits.depth;
        const object = emptyObject();
        const isPlain = this.#isAtTag() && this.#readElement(object, 0) && this.#isOver();
        this.#text = '';
        return isPlain ? { root: this.#start.next!.local, object, complete: true, warnings: [] } : undefined;
    }

    #isAtTag(): boolean {
        return this.#codes[this.#at] === LESS_THAN;
    }

    #isOver(): boolean {
        this.#at = afterBlanks(this.#codes, this.#at);
        return this.#at === this.#text.length;
    }

    /** Reads the element at the cursor into `parent`; false where it is not plain. */
    #readElement(parent: XmlObject, level: number): boolean {
        const tag = this.#readName();
        this.#left -= 1;
        if (tag === undefined || this.#left < 0 || level >= this.#depth) return false;
        const codes = this.#codes;
        let object: XmlObject | undefined;
        if (codes[this.#at] !== GREATER_THAN) {
            const attributes = this.#readAttributes(tag);
            if (attributes === undefined) return false;
            if (attributes.length > 0) object = objectOf(attributes);
            if (codes[this.#at] === SLASH) {
                this.#at += 2;
                add(parent, tag.local, object ?? '');
                return true;
            }
        }
        const from = this.#at + 1;
        let at = from;
        let kinds = 0;
        for (let code = codes[at]!; code !== LESS_THAN; code = codes[at]!) {
            // So is the zero behind the end.
            const kind = code < TEXT.length ? TEXT[code]! : code < FIRST_ODD ? SOLID : ODD;
            if (kind === ODD) return false;
            kinds |= kind;
            at += 1;
        }
        this.#at = at;
        if (codes[at + 1] !== SLASH) {
            const isIndentation = (kinds & (SOLID | ENTITY)) === 0;
            return isIndentation && this.#readChildren(parent, tag, object, level);
        }
        if (!this.#passClose(tag)) return false;
        const value = this.#valueOf(tag, from, at, kinds);
        if (value === undefined) return false;
        if (object === undefined) add(parent, tag.local, value);
        else {
            if (value !== '') object['#text'] = value;
            add(parent, tag.local, object);
        }
        return true;
    }

    #readChildren(parent: XmlObject, tag: Tag, attributes: XmlObject | undefined, level: number): boolean {
        const codes = this.#codes;
        const object = attributes ?? emptyObject();
        while (codes[this.#at + 1] !== SLASH) {
            if (!this.#readElement(object, level + 1)) return false;
            this.#at = afterBlanks(codes, this.#at);
            if (codes[this.#at] !== LESS_THAN) return false;
        }
        if (!this.#passClose(tag)) return false;
        add(parent, tag.local, object);
        return true;
    }

    /** The tag at the cursor, which is behind its name then. */
    #readName(): Tag | undefined {
        const codes = this.#codes;
        const from = this.#at + 1;
        const guess = this.#before.next;
        if (guess !== undefined && isAt(codes, from, guess.codes)) {
            const end = from + guess.name.length;
            if (endsName(codes[end]!)) {
                this.#at = end;
                this.#before = guess;
                return guess;
            }
        }
        const end = endOfName(codes, from);
        if (end === from || end - from > LONGEST_NAME || !endsName(codes[end]!)) return undefined;
        const tag = this.#tagOf(this.#text.slice(from, end));
        if (UNSAFE.has(tag.local) || tag.local === '') return undefined;
        this.#before.next = tag;
        this.#before = tag;
        this.#at = end;
        return tag;
    }

    #tagOf(slice: string): Tag {
        const known = this.#tags.get(slice);
        if (known !== undefined) return known;
        const name = copyOf(slice);
        const colon = name.indexOf(':');
        const tag: Tag = { name, local: name.slice(colon + 1), codes: codesOf(name), patience: PATIENCE };
        if (this.#tags.size >= MOST_TAGS) this.#tags.clear();
        this.#tags.set(name, tag);
        return tag;
    }

    /** The text of a leaf; `undefined` where it is not plain. */
    #valueOf(tag: Tag, from: number, to: number, kinds: number): string | undefined {
        if ((kinds & (SOLID | ENTITY)) === 0) return '';
        if ((kinds & BREAK) !== 0) return undefined;
        if ((kinds & ENTITY) !== 0) return decoded(this.#text.slice(from, to));
        return this.#repeated(tag, from, to) ?? this.#text.slice(from, to);
    }

    /** The text of the last time where it is the same again, as most are: a string that is known need not be hashed anew. */
    #repeated(tag: Tag, from: number, to: number): string | undefined {
        if (tag.patience === 0 || to - from > LONGEST_VALUE) return undefined;
        const { valueCodes } = tag;
        if (valueCodes?.length === to - from && isAt(this.#codes, from, valueCodes)) {
            tag.patience = PATIENCE;
            return tag.value;
        }
        tag.patience -= 1;
        tag.valueCodes = this.#codes.slice(from, to);
        tag.value = copyOf(this.#text.slice(from, to));
        return tag.value;
    }

    #passClose(tag: Tag): boolean {
        const from = this.#at + 2;
        const end = from + tag.codes.length;
        if (!isAt(this.#codes, from, tag.codes) || this.#codes[end] !== GREATER_THAN) return false;
        this.#at = end + 1;
        return true;
    }

    /** The attributes at the cursor, which is at the `>` or the `/` of `/>` then. */
    #readAttributes(tag: Tag): Attributes['fields'] | undefined {
        const from = this.#at;
        const known = tag.attributes;
        if (known !== undefined && isAt(this.#codes, from, known.codes)) {
            this.#at = from + known.codes.length - 1;
            if (this.#endsTag(this.#at)) return known.fields;
            this.#at = from;
        }
        const fields: Attributes['fields'] = [];
        const names: string[] = [];
        for (;;) {
            const start = afterBlanks(this.#codes, this.#at);
            if (this.#endsTag(start)) {
                this.#at = start;
                const text = this.#text.slice(from, start + 1);
                if (text.length <= LONGEST_ATTRIBUTES) tag.attributes = { codes: codesOf(text), fields };
                return fields;
            }
            const name = start === this.#at ? undefined : this.#readAttribute(start, fields);
            if (name === undefined || names.includes(name) || names.length >= MOST_ATTRIBUTES) return undefined;
            names.push(name);
        }
    }

    #endsTag(at: number): boolean {
        const code = this.#codes[at];
        return code === GREATER_THAN || (code === SLASH && this.#codes[at + 1] === GREATER_THAN);
    }

    /** @returns the name of the attribute at `start`, as written */
    #readAttribute(start: number, fields: Attributes['fields']): string | undefined {
        const codes = this.#codes;
        const end = endOfName(codes, start);
        const quote = codes[end + 1]!;
        if (end === start || codes[end] !== EQUALS || (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE))
            return undefined;
        const close = endOfQuoted(codes, end + 2, quote);
        if (close < 0) return undefined;
        this.#at = close + 1;
        const name = copyOf(this.#text.slice(start, end));
        const isNamespace = name === 'xmlns' || name.startsWith('xmlns:');
        if (!isNamespace)
            fields.push([`@${name.slice(name.indexOf(':') + 1)}`, copyOf(this.#text.slice(end + 2, close))]);
        return name;
    }
}

/** A slice keeps the text it was taken from in memory; its copy does not. */
function copyOf(slice: string): string {
    return Buffer.from(slice, 'utf16le').toString('utf16le');
}

/** Half as dear as `Object.create(null)`, which makes a hash table that every later look at a field pays for. */
function emptyObject(): XmlObject {
    return Object.setPrototypeOf({}, null) as XmlObject;
}

function objectOf(fields: Attributes['fields']): XmlObject {
    const object = emptyObject();
    for (const [key, value] of fields) object[key] = value;
    return object;
}

function add(parent: XmlObject, name: string, value: string | XmlObject): void {
    const sibling = parent[name];
    if (sibling === undefined) parent[name] = value;
    else if (Array.isArray(sibling)) sibling.push(value);
    else parent[name] = [sibling, value];
}

function codesOf(name: string): Uint16Array {
    return Uint16Array.from(name, (character) => character.charCodeAt(0));
}

function isAt(codes: Uint16Array, from: number, name: Uint16Array): boolean {
    for (let index = 0; index < name.length; index += 1) {
        if (codes[from + index] !== name[index]) return false;
    }
    return true;
}

/** Where the name at `from` ends: there, where none begins. */
function endOfName(codes: Uint16Array, from: number): number {
    if (((NAME[codes[from]!] ?? 0) & STARTS_NAME) === 0) return from;
    let at = from + 1;
    while ((NAME[codes[at]!] ?? 0) !== 0) at += 1;
    return at;
}

function endsName(code: number): boolean {
    return code === GREATER_THAN || code === SLASH || isBlank(code);
}

function isBlank(code: number): boolean {
    return code === SPACE || code === LF || code === CR || code === TAB;
}

function afterBlanks(codes: Uint16Array, from: number): number {
    let at = from;
    while (isBlank(codes[at]!)) at += 1;
    return at;
}

function afterDeclaration(text: string): number {
    if (text.charCodeAt(1) !== 0x3f) return 0;
    const declaration = DECLARATIONS.find((each) => text.startsWith(each));
    return declaration === undefined ? 0 : declaration.length;
}

/** Where a quoted value ends; -1 where it holds anything but plain text. */
function endOfQuoted(codes: Uint16Array, from: number, quote: number): number {
    let at = from;
    for (let code = codes[at]!; code !== quote; code = codes[at]!) {
        const kind = code < TEXT.length ? TEXT[code]! : code < FIRST_ODD ? SOLID : ODD;
        if ((kind & (SOLID | BLANK)) === 0 || code === LESS_THAN) return -1;
        at += 1;
    }
    return at;
}

/** A text with its entities resolved; `undefined` where there are others than those of XML itself. */
function decoded(text: string): string | undefined {
    let result = '';
    let from = 0;
    for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', from)) {
        const end = text.indexOf(';', at);
        const character = end < 0 ? undefined : ENTITIES.get(text.slice(at + 1, end));
        if (character === undefined) return undefined;
        result += text.slice(from, at) + character;
        from = end + 1;
    }
    return result + text.slice(from);
}
