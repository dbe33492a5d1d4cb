import { SaxesParser } from 'saxes';
import { Fault } from '../errors';

/** An element and where it lies in the text. */
export interface Place {
    name: string;
    /** From the `<` of its start tag to behind the `>` of its end tag. */
    start: number;
    end: number;
    /** Its content, between the tags. Equal where it is `<name/>`. */
    from: number;
    to: number;
    children: Place[];
}

/**
 * Changes single values of a document and leaves every other byte as the device wrote it: its namespaces, its order,
 * elements that we do not know. Devices refuse documents that lack what they sent (ISAPI guide: read, modify, write).
 */
export class XmlEditor {
    readonly root: Place;
    readonly #text: string;
    readonly #changes: { from: number; to: number; text: string }[] = [];

    /** @throws Fault ANSWER_UNREADABLE where the text is no XML document */
    constructor(text: string) {
        this.#text = text;
        const root = readPlaces(text);
        if (root === undefined) {
            throw new Fault('ANSWER_UNREADABLE', { details: { expected: 'XML', reason: 'it has no element' } });
        }
        this.root = root;
    }

    /** The first element at a path of local names below `below`, the root by default: `Video/enabled`. */
    find(path: string, below: Place = this.root): Place | undefined {
        let place: Place | undefined = below;
        for (const name of path.split('/')) place = place?.children.find((child) => child.name === name);
        return place;
    }

    /** The text of an element, entities as they stand. */
    textOf(place: Place): string {
        return this.#text.slice(place.from, place.to).trim();
    }

    /**
     * Sets the text of an element.
     *
     * @throws Fault NOT_SUPPORTED where the device's document has no such element
     */
    set(path: string, value: string | number | boolean, below: Place = this.root): this {
        const place = this.find(path, below);
        if (place === undefined) {
            throw new Fault('NOT_SUPPORTED', { details: { reason: `its ${this.root.name} has no ${path}` } });
        }
        return this.#fill(place, escapeXml(String(value)));
    }

    /**
     * Sets the text of an element, or adds the element where the document has none: behind `after`, because firmware
     * that checks the order of its schema would refuse it elsewhere, or last.
     */
    put(name: string, value: string | number | boolean, below: Place = this.root, after?: string): this {
        if (this.find(name, below) !== undefined) return this.set(name, value, below);
        const xml = `<${name}>${escapeXml(String(value))}</${name}>`;
        const before = after === undefined ? undefined : this.find(after, below);
        if (before === undefined) return this.append(below, xml);
        this.#changes.push({ from: before.end, to: before.end, text: xml });
        return this;
    }

    /** An element as it stands in the unchanged document, with its tags. */
    source(place: Place): string {
        return this.#text.slice(place.start, place.end);
    }

    /** Adds XML as the last content of an element. The prefix of the element, if any, is the caller's to give. */
    append(place: Place, xml: string): this {
        if (place.from === place.to) return this.#fill(place, xml);
        this.#changes.push({ from: place.to, to: place.to, text: xml });
        return this;
    }

    remove(place: Place): this {
        this.#changes.push({ from: place.start, to: place.end, text: '' });
        return this;
    }

    /** The document with all changes made. */
    toString(): string {
        const changes = [...this.#changes].sort((one, other) => one.from - other.from);
        let result = '';
        let at = 0;
        for (const change of changes) {
            result += this.#text.slice(at, change.from) + change.text;
            at = change.to;
        }
        // Some devices write a blank line before the declaration and refuse it themselves (CornerBit/HikSink).
        return (result + this.#text.slice(at)).trimStart();
    }

    #fill(place: Place, xml: string): this {
        if (place.to < place.end) {
            this.#changes.push({ from: place.from, to: place.to, text: xml });
            return this;
        }
        const tag = this.#text.slice(place.start, place.end);
        const name = /^<([^\s/>]+)/.exec(tag)?.[1] ?? place.name;
        const text = `${tag.slice(0, tag.lastIndexOf('/'))}>${xml}</${name}>`;
        this.#changes.push({ from: place.start, to: place.end, text });
        return this;
    }
}

/** Text as it may stand between two tags. */
export function escapeXml(text: string): string {
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function readPlaces(text: string): Place | undefined {
    const open: Place[] = [];
    let root: Place | undefined;
    const parser = new SaxesParser({ xmlns: false, position: true });
    parser.on('opentag', (tag) => {
        const at = parser.position;
        const name = tag.name.slice(tag.name.lastIndexOf(':') + 1);
        const place: Place = { name, start: text.lastIndexOf('<', at - 1), end: at, from: at, to: at, children: [] };
        const parent = open[open.length - 1];
        if (parent !== undefined) parent.children.push(place);
        else root ??= place;
        open.push(place);
    });
    parser.on('closetag', (tag) => {
        const place = open.pop();
        if (place === undefined) return;
        place.end = parser.position;
        place.to = tag.isSelfClosing ? place.end : text.lastIndexOf('<', place.end - 1);
    });
    // A stray & in a name is no reason to refuse a document that we hand back as it came.
    parser.on('error', () => undefined);
    parser.write(text).close();
    return root;
}
