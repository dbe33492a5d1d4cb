import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout: tests run from `dist/test`, fixtures and examples lie in the source tree. */
export const packageRoot = (() => {
    let folder = __dirname;
    while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
    return folder;
})();

export function fixture(...path: string[]): string {
    return join(packageRoot, 'test', 'fixtures', ...path);
}
