import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeRedOptions } from './nodeRed';
import { packageRoot } from './packageRoot';

export interface Runtime {
    name: string;
    /** What `startNodeRed` needs to start this one. */
    options: Pick<NodeRedOptions, 'node' | 'nodeRed'>;
    /** Why it cannot be tested here; false where it can. */
    skip: string | false;
}

/** `.ci/run` installs what is here; so does `npm install --prefix .cache/<folder> <packages>`. */
const cached = (folder: string, name: string) => join(packageRoot, '.cache', folder, 'node_modules', name);

const NODE_RED_5 = cached('node-red-5', 'node-red');
const NODE_24 = join(cached('node-red-5', 'node'), 'bin', 'node');
const NODE_22 = join(cached('node-22', 'node'), 'bin', 'node');

/** The Node-REDs that users have: 4.1 on the Node.js of this test, and 5 on Node.js 24. */
export const RUNTIMES: Runtime[] = [
    { name: 'Node-RED 4.1', options: {}, skip: false },
    {
        name: 'Node-RED 5 on Node.js 24',
        options: { node: NODE_24, nodeRed: NODE_RED_5 },
        skip: existsSync(join(NODE_RED_5, 'red.js'))
            ? false
            : 'Node-RED 5 is not installed: npm install --prefix .cache/node-red-5 node@24 node-red@5',
    },
];

const DASHBOARD = '@flowfuse/node-red-dashboard';

/** The dashboard that some examples show their pictures on; too large for everybody's installation. */
export const dashboard = {
    packages: { [DASHBOARD]: cached('dashboard', DASHBOARD) },
    skip: existsSync(cached('dashboard', DASHBOARD))
        ? false
        : `Dashboard 2 is not installed: npm install --prefix .cache/dashboard ${DASHBOARD}@1`,
};

/** Where the packed package must install and run: the above, and what lies between them. */
export const INSTALL_RUNTIMES: Runtime[] = [
    ...RUNTIMES,
    {
        name: 'Node-RED 4.1 on Node.js 22',
        options: { node: NODE_22 },
        skip: existsSync(NODE_22) ? false : 'Node.js 22 is not installed: npm install --prefix .cache/node-22 node@22',
    },
];
