/**
 * What a line crossing of a camera (1.2 KB) costs in each XML reader that was considered, in one run, best of ten rounds:
 * the bare parser, and the tree that a normaliser can work with.
 *
 * htmlparser2 is measured where it is installed (`npm install --no-save htmlparser2@10`); it is no dependency.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { SaxesParser } from 'saxes';
import { parseXmlDocument, readXml } from '../protocols/documents/readXml';
import { bestOf } from './support/bestOf';

/** As much of htmlparser2 as is used here. */
interface HtmlParser2 {
    Parser: new (handler: object, options: object) => { write(text: string): void; end(): void; reset(): void };
}

const text = readFileSync(join(__dirname, '..', '..', 'test', 'fixtures', 'events', 'lineCrossing.xml'), 'utf8');

function measure(what: string, read: (text: string) => unknown): void {
    console.log(
        `${what.padEnd(46)} ${bestOf(20_000, () => read(text))
            .toFixed(1)
            .padStart(6)} µs`,
    );
}

/** A tree as `readXml` builds it, without its limits and repairs, so that only the parsers differ. */
class Tree {
    object: Record<string, unknown> = Object.create(null);
    private readonly names: string[] = [];
    private readonly objects: (Record<string, unknown> | undefined)[] = [];
    private text = '';

    start(): void {
        this.object = Object.create(null);
        this.text = '';
    }

    open(name: string): void {
        this.names.push(name);
        this.objects.push(undefined);
        this.text = '';
    }

    add(more: string): void {
        this.text += more;
    }

    close(): void {
        const name = this.names.pop()!;
        const value = this.objects.pop() ?? this.text;
        this.text = '';
        const level = this.objects.length - 1;
        const parent = level < 0 ? this.object : (this.objects[level] ?? Object.create(null));
        if (level >= 0) this.objects[level] = parent;
        const sibling = parent[name];
        if (sibling === undefined) parent[name] = value;
        else if (Array.isArray(sibling)) sibling.push(value);
        else parent[name] = [sibling, value];
    }
}

function htmlParser2(): HtmlParser2 | undefined {
    try {
        return require('htmlparser2') as HtmlParser2;
    } catch {
        return undefined;
    }
}

console.log(`${text.length} characters, Node.js ${process.version}`);

const bare = new SaxesParser({ xmlns: false, position: false });
for (const event of ['opentag', 'closetag', 'text', 'error'] as const) bare.on(event, () => undefined);
measure('saxes, nothing built', (document) => bare.write(document).close());

const tree = new Tree();
const saxes = new SaxesParser({ xmlns: false, position: false });
saxes.on('opentag', ({ name }) => tree.open(name));
saxes.on('closetag', () => tree.close());
saxes.on('text', (more) => tree.add(more));
saxes.on('error', () => undefined);
measure('saxes, tree', (document) => {
    tree.start();
    saxes.write(document).close();
    return tree.object;
});
measure('saxes, tree with limits, attributes, repairs', (document) => parseXmlDocument(document));
measure('readXml: the fast way, else saxes', (document) => readXml(document));

const html = htmlParser2();
if (html !== undefined) {
    const handler = {
        onopentagname: (name: string) => tree.open(name),
        onclosetag: () => tree.close(),
        ontext: (more: string) => tree.add(more),
    };
    const parser = new html.Parser(handler, { xmlMode: true, decodeEntities: true });
    measure('htmlparser2, tree', (document) => {
        tree.start();
        parser.reset();
        parser.write(document);
        parser.end();
        return tree.object;
    });
}

const fast = new XMLParser({
    ignoreAttributes: false,
    removeNSPrefix: true,
    parseTagValue: false,
    processEntities: true,
});
measure('fast-xml-parser, tree', (document) => fast.parse(document));
