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

/** As much of Node-RED as texts need: the catalogues of one language. */
function nodeRedIn(language: string): NodeAPI {
    const translate = (key: string, values: Record<string, string> = {}) => {
        const [type = '', path = ''] = key.replace('@vigia/node-red-cctv/', '').split(':');
        const file = join(packageRoot, 'locales', language, `${type}.json`);
        const text: unknown = path
            .split('.')
            .reduce((tree, name) => tree?.[name], JSON.parse(readFileSync(file, 'utf8')));
        return String(text ?? path).replace(/__(\w+?)__/g, (_all, name: string) => values[name] ?? '');
    };
    return { _: translate } as unknown as NodeAPI;
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
        const RED = nodeRedIn('pt-BR');
        const fault = new Fault('CONFIG_INVALID', { details: { field: 'port', reason: '“http” is not a number' } });
        assert.equal(
            explain(RED, fault),
            'O campo “Porta” não pode ser usado: “http” não é um número. Abra o nó e corrija o campo.',
        );
        const foreign = new Fault('NOT_SUPPORTED', { details: { reason: 'notSupport' } });
        assert.match(explain(RED, foreign), /notSupport/);
    });

    it('name a setting by the label of the dialog that has it', () => {
        const said = (language: string, field: string, type?: string) =>
            explain(
                nodeRedIn(language),
                new Fault('CONFIG_INVALID', { details: { field, reason: 'it is empty' } }),
                type,
            );
        assert.match(said('zh-CN', 'maxBody', 'alarm-http-in'), /^设置“大小上限（MiB）”不可用/);
        assert.match(said('en-US', 'maxBody'), /^The setting “Size limit \(MiB\)” is not usable/);
        assert.match(said('en-US', 'advertise', 'alarm-http-in'), /“Address to call”/);
        assert.match(said('en-US', 'advertise', 'isup-in'), /“Our address”/);
        assert.match(said('en-US', 'timeout', 'isup-in'), /“Timeout \(ms\)”/, 'of the device behind the node');
        for (const field of ['payload', 'a.b', '', 'port:x']) {
            assert.ok(said('en-US', field).includes(`“${field}”`), field);
        }
    });
});
