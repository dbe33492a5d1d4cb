/** Every figure, one after the other: `npm run bench`, or `npm run bench -- stream pushes` for some of them. */
import { benchIsup } from './isup';
import { benchPushes } from './pushes';
import { benchRequests } from './requests';
import { benchStream } from './stream';

const BENCHES: Record<string, () => Promise<void>> = {
    stream: benchStream,
    pushes: benchPushes,
    requests: benchRequests,
    isup: benchIsup,
};

async function main(): Promise<void> {
    const wanted = process.argv.slice(2);
    const unknown = wanted.filter((name) => !(name in BENCHES));
    if (unknown.length > 0) {
        console.error(`There is no bench ${unknown.join(', ')}: choose from ${Object.keys(BENCHES).join(', ')}.`);
        process.exit(1);
    }
    for (const [name, bench] of Object.entries(BENCHES)) {
        if (wanted.length > 0 && !wanted.includes(name)) continue;
        console.log(`\n${name}`);
        await bench();
    }
}

void main();
