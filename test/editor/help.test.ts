import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../support/packageRoot';

const LANGUAGES = ['en-US', 'pt-BR', 'zh-CN'] as const;
const TYPES = [
    'device-config',
    'isapi-request',
    'isapi-alertstream',
    'alarm-http-in',
    'isup-in',
    'intelbras-p2p-tunnel',
];

/** The sections of Node-RED's own help, in its order. */
const SECTIONS: Record<(typeof LANGUAGES)[number], RegExp[]> = {
    'en-US': [/^Inputs?$/, /^Outputs?$/, /^Details$/, /^References$/],
    'pt-BR': [/^Entradas?$/, /^Saídas?$/, /^Detalhes$/, /^Referências$/],
    'zh-CN': [/^输入$/, /^输出$/, /^(详细|详细说明|详情|细节)$/, /^(参考|参考资料|参考链接)$/],
};

/** Labels that the dialogs take from Node-RED. */
const CORE_LABELS = {
    'en-US': { username: 'Username', password: 'Password' },
    'pt-BR': { username: 'Nome de usuário', password: 'Senha' },
    'zh-CN': { username: '用户名', password: '密码' },
};

/** Not for users, or explained under another name: `keys` are the keys of the listed devices. */
const PARTS: Record<string, string | undefined> = { name: undefined, version: undefined, keys: 'devices' };

/** Properties that an entry of another one explains, or that say it all by their label; the text names them nevertheless. */
const WITHIN: Record<string, string[]> = {
    'device-config': [
        ...['port', 'protocol', 'tls', 'fingerprint', 'serial', 'cloud', 'cloudServer', 'cloudUser', 'cloudKey'],
        ...['isupId', 'isupKey'],
    ],
    'isapi-request': ['device'],
    'isapi-alertstream': ['device'],
    'alarm-http-in': ['port', 'kinds', 'channels', 'pictures', 'repeat', 'replay', 'heartbeats'],
    'intelbras-p2p-tunnel': ['device'],
};

const read = (...path: string[]) => readFileSync(join(packageRoot, ...path), 'utf8');

/** Properties and credentials as the definition in the html has them. */
function propertiesOf(type: string): string[] {
    const script = read('nodes', `${type}.html`);
    const blocks = [...script.matchAll(/\b(?:defaults|credentials): \{\n([\s\S]*?)\n {12}\},/g)];
    const names = blocks.flatMap(([, block]) => [...block!.matchAll(/^ {16}(\w+): \{/gm)].map(([, name]) => name!));
    assert.ok(names.includes('version'), type);
    return names.filter((name) => !name.endsWith('Type'));
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').toLowerCase();

/** What the help has an entry for; one entry may be for several: “Username, Password”. */
function entriesOf(help: string): string[] {
    const terms = [...help.matchAll(/<dt[^>]*>([\s\S]*?)(?:<span|<\/dt>)/g)].map(([, term]) => term!);
    return terms.flatMap((term) => term.split(/[,，、]/)).map((term) => oneLine(term).trim());
}

describe('the help', () => {
    for (const type of TYPES) {
        for (const language of LANGUAGES) {
            const help = read('locales', language, `${type}.html`);

            it(`of ${type} explains every property in ${language}, there or below its field`, () => {
                const own = JSON.parse(read('locales', language, `${type}.json`))[type];
                const shared = JSON.parse(read('locales', language, 'device-config.json'))['device-config'];
                const text = oneLine(help.replace(/<[^>]+>/g, ''));
                const entries = entriesOf(help);
                const missing = propertiesOf(type).filter((property) => {
                    const name = property in PARTS ? PARTS[property] : property;
                    if (name === undefined || own.hint?.[name] !== undefined || shared.hint[name] !== undefined)
                        return false;
                    const labels = { ...CORE_LABELS[language], ...shared.label, ...own.label };
                    assert.ok(labels[name], `${property} has a label`);
                    // Units stand in the label only: “Timeout (ms)”.
                    const label = oneLine(labels[name].replace(/\s*[(（].*?[)）]/, ''));
                    return !entries.includes(label) && !(WITHIN[type]?.includes(name) && text.includes(label));
                });
                assert.deepEqual(missing, []);
            });

            it(`of ${type} has the sections of Node-RED in ${language}, and leads to pages that exist`, () => {
                const headings = [...help.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, heading]) => heading!);
                const order = headings.map((heading) => SECTIONS[language].findIndex((known) => known.test(heading)));
                assert.ok(!order.includes(-1), headings.join(', '));
                assert.deepEqual(order, [...order].sort());
                assert.ok(order.includes(2) && order.includes(3), headings.join(', '));
                const links = [...help.matchAll(/blob\/main\/([^"#]+)/g)].map(([, path]) => path!);
                assert.ok(links.length > 0);
                for (const path of links) assert.ok(existsSync(join(packageRoot, path)), path);
            });
        }
    }
});
