import { existsSync, readFileSync } from 'node:fs';
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

/** What package.json says of the pack, as far as tests ask. */
export interface PackageManifest {
    'node-red': { nodes?: Record<string, string>; plugins?: Record<string, string> };
}

export function readPackage(): PackageManifest {
    return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as PackageManifest;
}
