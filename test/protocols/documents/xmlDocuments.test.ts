import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildXml } from '../../../protocols/documents/buildXml';
import { XmlEditor } from '../../../protocols/documents/editXml';

const MOTION = `
<?xml version="1.0" encoding="UTF-8"?>
<MotionDetection version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<enabled>false</enabled>
<name>Portão &amp; rua</name>
<hik:Grid xmlns:hik="urn:x"><hik:rowGranularity>18</hik:rowGranularity></hik:Grid>
<MotionDetectionLayout><sensitivityLevel>60</sensitivityLevel><layout/></MotionDetectionLayout>
</MotionDetection>
`;

describe('a document that is built', () => {
    it('has a declaration, the vendor’s namespace, repeated elements for lists, attributes for @names', () => {
        const xml = buildXml({
            PTZData: { pan: -50, tilt: 0, list: { item: ['a', 'b'] }, x: { '@size': 2, '#text': '<&>' } },
        });
        assert.equal(
            xml,
            '<?xml version="1.0" encoding="UTF-8"?>\n<PTZData version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">' +
                '<pan>-50</pan><tilt>0</tilt><list><item>a</item><item>b</item></list><x size="2">&lt;&amp;&gt;</x></PTZData>',
        );
    });

    it('keeps a namespace that the flow gives, and leaves out what is undefined', () => {
        const xml = buildXml({ Time: { '@xmlns': 'urn:own', timeMode: 'NTP', localTime: undefined, empty: null } });
        assert.match(xml, /<Time xmlns="urn:own"><timeMode>NTP<\/timeMode><empty><\/empty><\/Time>$/);
    });

    it('is refused with a reason where it cannot be XML', () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        for (const object of [
            {},
            { a: 1, b: 2 },
            { a: [1, 2] },
            { a: circle },
            { 'a b': 1 },
            { a: Buffer.from('x') },
        ]) {
            assert.throws(() => buildXml(object), { code: 'BODY_INVALID' });
        }
    });
});

describe('a document that is changed', () => {
    it('differs in nothing but the value, and loses the blank line before its declaration', () => {
        const editor = new XmlEditor(MOTION).set('enabled', true).set('MotionDetectionLayout/layout', 'ff<');
        assert.equal(
            editor.toString(),
            MOTION.trimStart().replace('>false<', '>true<').replace('<layout/>', '<layout>ff&lt;</layout>'),
        );
    });

    it('finds elements whatever their prefix', () => {
        const editor = new XmlEditor(MOTION);
        assert.equal(editor.textOf(editor.find('Grid/rowGranularity')!), '18');
        assert.match(editor.set('Grid/rowGranularity', 9).toString(), /<hik:rowGranularity>9<\/hik:rowGranularity>/);
    });

    it('takes entries into lists, also into empty ones, and out of them', () => {
        const list = '<T><L></L><M/><N><e>1</e><e>2</e></N></T>';
        const editor = new XmlEditor(list);
        editor.append(editor.find('L')!, '<e>1</e>').append(editor.find('M')!, '<e>1</e>');
        editor.append(editor.find('N')!, '<e>3</e>').remove(editor.find('N')!.children[0]!);
        assert.equal(editor.toString(), '<T><L><e>1</e></L><M><e>1</e></M><N><e>2</e><e>3</e></N></T>');
    });

    it('says what the device does not have', () => {
        assert.throws(() => new XmlEditor(MOTION).set('sound', 1), { code: 'NOT_SUPPORTED' });
        assert.throws(() => new XmlEditor('not XML'), { code: 'ANSWER_UNREADABLE' });
    });
});
