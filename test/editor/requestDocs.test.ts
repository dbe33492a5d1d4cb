import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { outlineOperations } from '../../devices/operations';
import { packageRoot } from '../support/packageRoot';

it('docs/requests.md lists every ready operation with its parameters', () => {
    const page = readFileSync(join(packageRoot, 'docs', 'requests.md'), 'utf8');
    const rows = new Map(
        [...page.matchAll(/^\| `(\w+)` +\| [^|]+\| ([^|]*)\|$/gm)].map(([, id, parameters]) => [
            id!,
            [...parameters!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
        ]),
    );
    for (const { id, parameters } of outlineOperations()) {
        assert.deepEqual(
            rows.get(id),
            parameters.map(({ name }) => name),
            id,
        );
    }
});
