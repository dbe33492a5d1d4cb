import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { ALARM_HTTP_IN_DEFAULTS } from '../../runtime/settings/alarmHttpIn';
import { DEVICE_CONFIG_DEFAULTS } from '../../runtime/settings/deviceConfig';
import { INTELBRAS_P2P_TUNNEL_DEFAULTS } from '../../runtime/settings/intelbrasP2pTunnel';
import { ISAPI_ALERTSTREAM_DEFAULTS } from '../../runtime/settings/isapiAlertstream';
import { ISAPI_REQUEST_DEFAULTS } from '../../runtime/settings/isapiRequest';
import { ISUP_IN_DEFAULTS } from '../../runtime/settings/isupIn';
import { packageRoot } from '../support/packageRoot';

const RUNTIME_DEFAULTS: Record<string, object> = {
    'device-config': DEVICE_CONFIG_DEFAULTS,
    'isapi-request': ISAPI_REQUEST_DEFAULTS,
    'isapi-alertstream': ISAPI_ALERTSTREAM_DEFAULTS,
    'alarm-http-in': ALARM_HTTP_IN_DEFAULTS,
    'isup-in': ISUP_IN_DEFAULTS,
    'intelbras-p2p-tunnel': INTELBRAS_P2P_TUNNEL_DEFAULTS,
};

/** Whatever the editor half asks its surroundings for, it gets something harmless. */
function anything(): unknown {
    const target = () => undefined;
    return new Proxy(target, {
        get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : anything()),
        apply: anything,
    });
}

function editorDefaults(type: string): Record<string, unknown> {
    const html = readFileSync(join(packageRoot, 'nodes', `${type}.html`), 'utf8');
    const script = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
    let defaults: Record<string, { value: unknown }> = {};
    const registerType = (_type: string, definition: { defaults: typeof defaults }) => {
        defaults = definition.defaults;
    };
    const surroundings = new Proxy(anything() as object, {
        get: (target, name) => (name === 'nodes' ? { registerType } : Reflect.get(target, name)),
    });
    const globals = {
        RED: surroundings,
        $: anything(),
        vigiaEditor: anything(),
        window: anything(),
        document: anything(),
    };
    runInNewContext(script, globals);
    const values = Object.entries(defaults).map(([name, { value }]) => [name, value]);
    return JSON.parse(JSON.stringify(Object.fromEntries(values)));
}

describe('a new node', () => {
    for (const [type, defaults] of Object.entries(RUNTIME_DEFAULTS)) {
        it(`of type ${type} is the same in the editor and at run time`, () => {
            assert.deepEqual(editorDefaults(type), JSON.parse(JSON.stringify(defaults)));
        });
    }
});
