/** Short ways to write the flows that the tests start. */

export const TAB = { id: 'tab', type: 'tab', label: 'test' };

export const LOGIN = { username: 'admin', password: 'Canary-7f3a' };

/** Node-RED takes a node without a place for a config node. */
const PLACE = { z: 'tab', x: 100, y: 100 };

/** A node of a flow, of any type. */
export function flowNode(id: string, type: string, more: object = {}): object {
    return { id, type, ...PLACE, wires: [], ...more };
}

export function device(port: number, more: object = {}): object {
    return { id: 'device', type: 'device-config', name: 'gate', host: '127.0.0.1', port, version: 1, ...more };
}

export function alertStream(more: object = {}): object {
    return {
        id: 'stream',
        type: 'isapi-alertstream',
        ...PLACE,
        device: 'device',
        version: 1,
        wires: [['events'], ['changes']],
        ...more,
    };
}

export function alarmHost(port: number, more: object = {}): object {
    return {
        id: 'alarms',
        type: 'alarm-http-in',
        ...PLACE,
        bind: '127.0.0.1',
        port,
        path: '/alarm',
        version: 1,
        wires: [['events'], ['rejected']],
        ...more,
    };
}

/** A debug node that shows the whole message. */
export function debug(id: string): object {
    return {
        id,
        type: 'debug',
        ...PLACE,
        name: id,
        active: true,
        tosidebar: true,
        complete: 'true',
        targetType: 'full',
        wires: [],
    };
}

/** A function node. */
export function code(id: string, func: string, to: string): object {
    return { id, type: 'function', ...PLACE, name: id, func, outputs: 1, wires: [[to]] };
}

/** Says how many messages it has seen, once `expected` have come and again for every further one. */
export function counter(id: string, expected: number, to: string): object {
    const func = `const n = (context.get('n') || 0) + 1; context.set('n', n); if (n >= ${expected}) return { payload: n };`;
    return code(id, func, to);
}
