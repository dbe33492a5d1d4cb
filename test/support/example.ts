import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './packageRoot';

export interface ExampleNode {
    id: string;
    type: string;
    name?: string;
    [property: string]: unknown;
}

/** What is filled in, by the type of a node or by `type:name`. */
export type FillIn = Record<string, object>;

/** One of the example flows, filled in as its comment asks the user to. */
export class Example {
    readonly nodes: ExampleNode[];

    constructor(
        readonly name: string,
        fillIn: FillIn = {},
    ) {
        const file = join(packageRoot, 'examples', `${name}.json`);
        const nodes = JSON.parse(readFileSync(file, 'utf8')) as ExampleNode[];
        this.nodes = nodes.map((node) => ({
            ...node,
            ...fillIn[node.type],
            ...fillIn[`${node.type}:${node.name}`],
        }));
    }

    /** The node of a type; by its name too, where there are several. */
    find(type: string, name?: string): ExampleNode {
        const found = this.nodes.find((node) => node.type === type && (name === undefined || node.name === name));
        if (found === undefined) throw new Error(`${this.name} has no ${type} ${name ?? ''}`);
        return found;
    }

    idOf(type: string, name?: string): string {
        return this.find(type, name).id;
    }

    /** Every device and listener with the same credentials, as Node-RED stores them. */
    credentials(credentials: Record<string, string>, type = 'device-config'): Record<string, Record<string, string>> {
        return Object.fromEntries(this.nodes.filter((node) => node.type === type).map(({ id }) => [id, credentials]));
    }
}
