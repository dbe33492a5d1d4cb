import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { outlineOperations } from '../../devices/operations';
import { packageRoot } from '../support/packageRoot';

interface Words {
    areas: Record<string, string>;
    parameters: Record<string, string>;
    operations: Record<string, { label: string; help: string; params?: Record<string, string> }>;
}

const operations = outlineOperations();

describe('the list of ready operations', () => {
    for (const language of ['en-US', 'pt-BR', 'zh-CN']) {
        it(`has words for every operation, area and parameter in ${language}, and for nothing else`, () => {
            const file = join(packageRoot, 'locales', language, 'isapi-request.json');
            const words = (JSON.parse(readFileSync(file, 'utf8')) as { 'isapi-request': Words })['isapi-request'];
            assert.deepEqual(Object.keys(words.operations).sort(), operations.map(({ id }) => id).sort());
            assert.deepEqual(Object.keys(words.areas).sort(), [...new Set(operations.map(({ area }) => area))].sort());
            const parameters = new Set(operations.flatMap((operation) => operation.parameters.map(({ name }) => name)));
            assert.deepEqual(Object.keys(words.parameters).sort(), [...parameters].sort());
            for (const { id, parameters: own } of operations) {
                for (const name of Object.keys(words.operations[id]!.params ?? {})) {
                    assert.ok(
                        own.some((parameter) => parameter.name === name),
                        `${id}.${name}`,
                    );
                }
            }
            const labels = Object.values(words.operations).map(({ label }) => label);
            assert.equal(new Set(labels).size, labels.length, 'each operation has a name of its own');
        });
    }

    it('can be shown by an editor: choices where a choice is wanted, limits that make sense', () => {
        for (const { id, parameters } of operations) {
            for (const { name, type, choices, min, max, default: value } of parameters) {
                if (type === 'choice') assert.ok(choices!.length > 1, `${id}.${name}`);
                if (min !== undefined && max !== undefined) assert.ok(min < max, `${id}.${name}`);
                if (type === 'choice' && value !== undefined)
                    assert.ok(choices!.includes(String(value)), `${id}.${name}`);
            }
        }
    });
});
