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

/** `.ci/run` installs it there; so does `npm install --prefix .cache/node-red-5 node@24 node-red@5`. */
const NODE_RED_5 = join(packageRoot, '.cache', 'node-red-5', 'node_modules');

/** The Node-REDs that users have: 4.1 on the Node.js of this test, and 5 on Node.js 24. */
export const RUNTIMES: Runtime[] = [
    { name: 'Node-RED 4.1', options: {}, skip: false },
    {
        name: 'Node-RED 5 on Node.js 24',
        options: { node: join(NODE_RED_5, 'node', 'bin', 'node'), nodeRed: join(NODE_RED_5, 'node-red') },
        skip: existsSync(join(NODE_RED_5, 'node-red', 'red.js'))
            ? false
            : 'Node-RED 5 is not installed: npm install --prefix .cache/node-red-5 node@24 node-red@5',
    },
];
