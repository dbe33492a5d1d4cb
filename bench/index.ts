/** Every figure, one after the other: `npm run bench`, or `npm run bench -- stream pushes` for some of them. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const all = readdirSync(__dirname)
    .filter((name) => name.endsWith('.js') && name !== basename(__filename))
    .map((name) => basename(name, '.js'));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(', ')}: choose from ${all.join(', ')}.`);
    process.exit(1);
}
for (const name of wanted.length > 0 ? wanted : all) {
    console.log(`\n${name}`);
    const { status } = spawnSync(process.execPath, [join(__dirname, `${name}.js`)], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
}
