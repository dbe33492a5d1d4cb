import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { NodeAPI } from 'node-red';
import { Fault } from '../../protocols/errors';
import { explain } from '../../runtime/faultText';
import { findReason, REASONS } from '../../runtime/reasons';
import { packageRoot } from '../support/packageRoot';

/** Where a reason is given: a detail, a variable that becomes one, or the short forms that some files have for it. */
const GIVEN =
    /(?:\breason(?:: | = )|\?\? |\b(?:invalid|unreadable|malformed|failed|#end|#lost)\((?:\w+, |'\w+', |source, )?)(?:'((?:[^'\\\n]|\\.)*)'|`([^`\n]*)`)/g;

/** Sentences of the sources that only look as if they were reasons. */
const OTHERS = [/^\$\{/, /^HTTP \$/, /^[\w-]*$/, /^exit code /];

function sources(folder: string): string[] {
    return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name));
}

describe('the reasons inside faults', () => {
    it('are known by key, wherever the sources give one in our words', () => {
        const unknown: string[] = [];
        for (const file of ['protocols', 'devices', 'events', 'runtime', 'nodes'].flatMap(sources)) {
            const text = readFileSync(join(packageRoot, file), 'utf8');
            for (const [, plain, template] of text.matchAll(GIVEN)) {
                const given = (plain ?? template ?? '').replace(/\\'/g, "'");
                if (!given.includes(' ') || OTHERS.some((other) => other.test(given))) continue;
                if (findReason(given.replace(/\$\{[^}]*\}/g, 'X')) === undefined) unknown.push(`${file}: ${given}`);
            }
        }
        assert.deepEqual(unknown, []);
    });

    it('are each found under their own key, with what they quote', () => {
        for (const [key, template] of Object.entries(REASONS)) {
            const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
            const details = Object.fromEntries(names.map((name, at) => [name, `value-${at}`]));
            const said = template.replace(/\{(\w+)\}/g, (_all, name: string) => details[name]!);
            assert.deepEqual(findReason(said), { key, details }, said);
        }
    });

    it('that a device or the system gives stay as they are', () => {
        for (const words of ['', 'notSupport', 'ECONNRESET', 'Invalid Operation', 'self-signed certificate']) {
            assert.equal(findReason(words), undefined, words);
        }
        assert.equal(findReason(`it is a ${'x'.repeat(10_000)}`), undefined);
    });

    it('come in the language of the runtime', () => {
        const catalogue = JSON.parse(readFileSync(join(packageRoot, 'locales', 'pt-BR', 'device-config.json'), 'utf8'));
        const translate = (key: string, values: Record<string, string> = {}) => {
            const path = key.replace('@vigia/node-red-cctv/device-config:', '').split('.');
            const text: unknown = path.reduce((tree, name) => tree?.[name], catalogue);
            return String(text ?? key).replace(/__(\w+?)__/g, (_all, name: string) => values[name] ?? '');
        };
        const RED = { _: translate } as unknown as NodeAPI;
        const fault = new Fault('CONFIG_INVALID', { details: { field: 'port', reason: '“http” is not a number' } });
        assert.equal(
            explain(RED, fault),
            'O campo “port” não pode ser usado: “http” não é um número. Abra o nó e corrija o campo.',
        );
        const foreign = new Fault('NOT_SUPPORTED', { details: { reason: 'notSupport' } });
        assert.match(explain(RED, foreign), /notSupport/);
    });
});
