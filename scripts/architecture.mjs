// Draws docs/architecture.md from the imports of the code: which folder uses which, that none uses one above it,
// and that no two use each other.
// npm run architecture
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const PAGE = join(root, 'docs', 'architecture.md');

/** From the wire up: none knows of those after it. */
const FLOORS = ['protocols', 'events', 'devices', 'runtime', 'nodes', 'plugins', 'simulator'];
/** May use any floor; none may use it. */
const APART = 'simulator';
/** Folders whose folders are rooms of their own. */
const DIVIDED = new Set(['protocols']);

const IMPORT = /(?:from|import\(|require\()\s*'(\.[^']+)'/g;

/** Every `.ts` below a folder, as paths from the root with forward slashes. */
function sources(folder) {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map(({ parentPath, name }) => relative(root, join(parentPath, name)).split(sep).join('/'))
        .sort();
}

/** `protocols/http/client.ts` → `protocols/http`, `events/normalise/draft.ts` → `events`. */
function roomOf(path) {
    const [floor, folder] = path.split('/');
    return DIVIDED.has(floor) && /^protocols\/[^/]+\//.test(path) ? `${floor}/${folder}` : floor;
}

/** @returns `rooms`, and `uses` as "from to" */
export function measure() {
    const rooms = new Set();
    const uses = new Set();
    for (const path of FLOORS.flatMap(sources)) {
        const from = roomOf(path);
        rooms.add(from);
        for (const [, target] of readFileSync(join(root, path), 'utf8').matchAll(IMPORT)) {
            const to = roomOf(join(dirname(path), target).split(sep).join('/'));
            if (to !== from) uses.add(`${from} ${to}`);
        }
    }
    return { rooms: [...rooms].sort(), uses: [...uses].sort() };
}

/** Uses that run against the direction of the data, as "from → to". */
export function violations({ uses } = measure()) {
    const floorOf = (room) => room.split('/')[0];
    return uses
        .map((use) => use.split(' '))
        .filter(([from]) => floorOf(from) !== APART)
        .filter(([from, to]) => FLOORS.indexOf(floorOf(to)) > FLOORS.indexOf(floorOf(from)))
        .map(([from, to]) => `${from} → ${to}`);
}

/** Rooms that use each other, directly or round a corner; each such ring as "a ⇄ b". */
export function cycles({ uses } = measure()) {
    const pairs = uses.map((use) => use.split(' '));
    const reach = new Map(pairs.map(([from]) => [from, reachable(from, pairs)]));
    const rings = [...reach.keys()]
        .filter((room) => reach.get(room).has(room))
        .map((room) => [...reach.get(room)].filter((other) => reach.get(other)?.has(room)).sort());
    return [...new Set(rings.map((ring) => ring.join(' ⇄ ')))];
}

function reachable(start, pairs) {
    const reached = new Set();
    const left = [start];
    while (left.length > 0) {
        const room = left.pop();
        for (const [from, to] of pairs) {
            if (from !== room || reached.has(to)) continue;
            reached.add(to);
            left.push(to);
        }
    }
    return reached;
}

const idOf = (room) => (DIVIDED.has(room) ? `${room}_itself` : room.replace('/', '_'));

function drawing({ rooms, uses }) {
    const lines = ['flowchart BT'];
    for (const floor of FLOORS.filter((name) => DIVIDED.has(name))) {
        const inside = rooms.filter((room) => room.split('/')[0] === floor);
        lines.push(`    subgraph ${floor}`);
        for (const room of inside) lines.push(`        ${idOf(room)}["${room.split('/')[1] ?? 'errors, clock'}"]`);
        lines.push('    end');
    }
    const arrows = uses
        .map((use) => use.split(' '))
        // Everybody names errors and asks the clock.
        .filter(([, to]) => !DIVIDED.has(to))
        // Which of its rooms somebody from above uses, the code says.
        .map(([from, to]) => [from, DIVIDED.has(from.split('/')[0]) ? idOf(to) : to.split('/')[0]])
        .map(([from, to]) => `    ${idOf(from)} --> ${to}`);
    return [...lines, ...new Set(arrows)].join('\n');
}

/** The page as it should be. */
export function page(measured = measure()) {
    return `# How the code hangs together

Drawn from the imports by \`npm run architecture\`; a test fails where this page or the direction of an arrow is wrong.
An arrow points to what is used.

\`\`\`mermaid
${drawing(measured)}
\`\`\`

Data runs the other way: bytes come in at the bottom, an event leaves at the top. Nothing below \`runtime/\` knows
Node-RED, and nothing that users install imports the simulator. What belongs in which folder:
[contributing](../CONTRIBUTING.md).
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, page());
