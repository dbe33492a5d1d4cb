import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Vendor } from '../../events/deviceEvent';
import { lookUp, VOCABULARY } from '../../events/vocabulary';
import { packageRoot } from '../support/packageRoot';

const FAMILIES = 'motion perimeter access vehicle face counting thermal audio io panel health unknown'.split(' ');

describe('the vocabulary', () => {
    it('gives the vendor words the names that flows compare with', () => {
        const cases: [string, string, string][] = [
            ['VMD', 'motion', 'motion'],
            ['linedetection', 'line-crossing', 'perimeter'],
            ['fielddetection', 'intrusion', 'perimeter'],
            ['regionEntrance', 'region-entrance', 'perimeter'],
            ['ANPR', 'plate', 'vehicle'],
            ['AccessControllerEvent', 'access', 'access'],
            ['videoloss', 'video-loss', 'health'],
            ['shelteralarm', 'tamper', 'health'],
            ['faceCapture', 'face-capture', 'face'],
            ['alarmResult', 'face-comparison', 'face'],
            ['PeopleCounting', 'people-counting', 'counting'],
            ['TMPA', 'temperature-pre-alarm', 'thermal'],
            ['audioexception', 'audio-exception', 'audio'],
            ['IO', 'alarm-input', 'io'],
            ['cidEvent', 'alarm-panel', 'panel'],
            ['AID_pedestrian', 'pedestrian', 'vehicle'],
            ['failDown', 'fall', 'perimeter'],
        ];
        for (const [type, kind, family] of cases) {
            assert.deepEqual([lookUp(type).kind, lookUp(type).family], [kind, family], type);
        }
    });

    it('reads types in any case, with blanks around them or a number behind them', () => {
        for (const type of ['vmd', 'VMD-1', ' Vmd ', 'vMd-16']) assert.equal(lookUp(type).kind, 'motion');
        assert.equal(lookUp('facedetection-1').kind, 'face-detection');
    });

    it('lets an unknown type keep its name', () => {
        assert.deepEqual(lookUp('SomeNewThing'), { kind: 'somenewthing', family: 'unknown', instant: false });
        assert.equal(lookUp('').kind, 'unknown');
        for (const type of ['constructor', '__proto__', 'toString']) assert.equal(lookUp(type).family, 'unknown');
    });

    it('has a table of its own for each vendor', () => {
        assert.equal(lookUp('CrossLineDetection', 'dahua').kind, 'line-crossing');
        assert.equal(lookUp('VideoMotion', 'dahua').kind, 'motion');
        assert.equal(lookUp('CrossLineDetection').family, 'unknown');
    });

    it('tells what happens at an instant from what lasts', () => {
        for (const type of ['ANPR', 'AccessControllerEvent', 'faceCapture', 'PeopleCounting', 'cidEvent']) {
            assert.equal(lookUp(type).instant, true, type);
        }
        for (const type of ['VMD', 'linedetection', 'IO', 'videoloss', 'TMA']) {
            assert.equal(lookUp(type).instant, false, type);
        }
    });

    it('names every kind in lower case with hyphens, in one of the families, and no type twice', () => {
        for (const rows of Object.values(VOCABULARY)) {
            const seen = new Set<string>();
            for (const [kind, family, , types] of rows) {
                assert.match(kind, /^[a-z]+(-[a-z]+)*$/);
                assert.ok(FAMILIES.includes(family), family);
                for (const type of types.split(' ').filter((word) => word !== '')) {
                    assert.equal(type, type.toLowerCase());
                    assert.ok(!seen.has(type), `${type} stands twice`);
                    seen.add(type);
                }
            }
        }
    });

    it('is what docs/vocabulary.md says', () => {
        const file = join(packageRoot, 'docs', 'vocabulary.md');
        const expected = vocabularyPage();
        if (process.env.VIGIA_WRITE_DOCS) writeFileSync(file, expected);
        const plain = (text: string) => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
        const remedy = 'run VIGIA_WRITE_DOCS=1 npm test vocabulary, then npm run format';
        assert.equal(plain(readFileSync(file, 'utf8')), plain(expected), remedy);
    });
});

function vocabularyPage(): string {
    const lines = [
        '# Kinds of events',
        '',
        'Every event has a `kind`, the word that flows compare with, and a `family`. `type` is the word of the device,',
        'untouched; the table gives it in lower case, because it is compared that way, and a number behind it (`vmd-1`) is',
        'ignored. A type that is not in the table keeps its own name in lower case as `kind` and has the family `unknown`.',
        '',
        'A lasting kind begins (`state` is `active`) and ends (`inactive`); an instant one happens (`pulse`). `kinds` in a',
        'node takes kinds, types and families, in any case; `other` stands for everything that is not in the table.',
        '',
        '`doorbell` and `call` are codes of access events (5/37 and 5/51). `duration` says that another event goes on: its',
        'kind and family are those of that event.',
    ];
    for (const vendor of Object.keys(VOCABULARY) as Vendor[]) {
        lines.push('', `## ${vendor === 'hikvision' ? 'Hikvision' : 'Intelbras and Dahua'}`, '');
        lines.push('| family | kind | | type |', '| --- | --- | --- | --- |');
        for (const [kind, family, span, types] of VOCABULARY[vendor]) {
            const words = types.split(' ').filter((word) => word !== '');
            lines.push(`| ${family} | \`${kind}\` | ${span} | ${words.map((word) => `\`${word}\``).join(' ')} |`);
        }
    }
    return `${lines.join('\n')}\n`;
}
