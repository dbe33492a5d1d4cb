import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceEvent } from '../../events/deviceEvent';
import { pictureFilename, pictureFormat } from '../../events/pictureFile';
import { roleOf } from '../../events/pictureRoles';
import { alert, bench, body, jpeg, picturePart, readOne, textPart } from './support';

const INTRUSION = body('intrusionHuman.xml');

describe('pictures on a stream', () => {
    it('go out with their event once all that were announced are there', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(textPart(INTRUSION));
        assert.equal(occurrences.length, 0);
        reader.part(picturePart({ name: 'detectionPicture', filename: 'detectionPicture.jpg' }));
        assert.equal(occurrences.length, 1);
        const [{ event, pictures }] = occurrences as [(typeof occurrences)[0]];
        assert.equal('warnings' in event, false);
        const { data, ...rest } = pictures[0]!;
        assert.deepEqual(rest, {
            role: 'scene',
            contentType: 'image/jpeg',
            filename: '20260504-080910_192.0.2.41_1_intrusion_1.jpg',
            width: 640,
            height: 360,
        });
        assert.deepEqual(data, jpeg());
        assert.equal(clock.pending, 0);
    });

    it('do not hold up an event that announced none', () => {
        const { reader, occurrences } = bench();
        reader.part(textPart(alert({ eventType: 'VMD' })));
        reader.part(textPart(alert({ eventType: 'fielddetection', detectionPicturesNumber: 0 })));
        assert.equal(occurrences.length, 2);
    });

    it('do not hold up an event for longer than two seconds', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(textPart(INTRUSION));
        clock.advance(1999);
        assert.equal(occurrences.length, 0);
        clock.advance(1);
        assert.deepEqual(occurrences[0]?.event.warnings, ['0 of 1 announced pictures came']);
        assert.equal(clock.pending, 0);
    });

    it('do not hold up an event beyond the next text part', () => {
        const { reader, events } = bench();
        reader.part(textPart(INTRUSION));
        reader.part(textPart(alert({ eventType: 'VMD' })));
        assert.deepEqual(
            events.map(({ kind }) => kind),
            ['intrusion', 'motion'],
        );
    });

    it('are no longer waited for at a device that announces and never sends', () => {
        const { reader, events, clock } = bench();
        for (let second = 0; second < 3; second += 1) {
            reader.part(textPart(INTRUSION.replace('08:09:10', `08:09:2${second}`)));
            clock.advance(2000);
        }
        reader.part(textPart(INTRUSION.replace('08:09:10', '08:09:30')));
        assert.equal(events.length, 4);
        assert.equal(clock.pending, 0);
        // Until it sends one after all.
        reader.part(picturePart());
        clock.advance(2000);
        assert.deepEqual(events[4]?.warnings, ['late-pictures']);
        reader.part(textPart(INTRUSION.replace('08:09:10', '08:09:40')));
        assert.equal(events.length, 5);
    });

    it('that nobody announced are looked out for after a smart event, and their number is learned', () => {
        const { reader, occurrences, clock } = bench();
        const crossing = (time: string) =>
            textPart(alert({ eventType: 'linedetection', dateTime: `2026-11-20T${time}Z` }));
        reader.part(crossing('12:00:00'));
        reader.part(picturePart());
        assert.equal(occurrences[0]?.pictures.length, 1, 'with its event');
        reader.part(picturePart());
        clock.advance(2000);
        assert.deepEqual(occurrences[1]?.event.warnings, ['late-pictures'], 'one more than the first one had');
        reader.part(crossing('12:00:10'));
        reader.part(picturePart());
        reader.part(picturePart());
        assert.equal(occurrences[2]?.pictures.length, 2);
        assert.equal(clock.pending, 0);
    });

    it('that nobody announced hold up the first smart event for a moment, and then none any more', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(textPart(alert({ eventType: 'linedetection', activePostCount: 1 })));
        assert.equal(occurrences.length, 0);
        clock.advance(300);
        assert.equal(occurrences.length, 1);
        assert.equal('warnings' in occurrences[0]!.event, false);
        reader.part(textPart(alert({ eventType: 'linedetection', activePostCount: 2 })));
        assert.equal(occurrences.length, 2);
        assert.equal(clock.pending, 0);
    });

    it('that come after their event make a second occurrence, together', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(textPart(alert({ eventType: 'VMD' })));
        reader.part(picturePart());
        reader.part(picturePart());
        assert.equal(occurrences.length, 1);
        clock.advance(2000);
        const [first, second] = occurrences;
        assert.equal(occurrences.length, 2);
        assert.equal(second?.event.id, first?.event.id);
        assert.deepEqual(second?.event.warnings, ['late-pictures']);
        assert.deepEqual(
            second?.pictures.map(({ filename }) => filename.slice(-6)),
            ['_1.jpg', '_2.jpg'],
        );
        assert.deepEqual(first?.pictures, []);
    });

    it('find their event by name, long after it', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(textPart(body('alarmResult.json')));
        clock.advance(2000);
        reader.part(textPart(alert({ eventType: 'VMD' })));
        reader.part(picturePart({ name: '20260915125304face' }));
        clock.advance(2000);
        assert.deepEqual(
            occurrences.map(({ event }) => event.kind),
            ['face-comparison', 'motion', 'face-comparison'],
        );
        assert.equal(occurrences[2]?.pictures[0]?.role, 'face');
    });

    it('that come before their event wait for it', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(picturePart());
        reader.part(textPart(INTRUSION));
        assert.equal(occurrences[0]?.pictures.length, 1);
        assert.equal(clock.pending, 0);
    });

    it('that belong to nothing are not lost', () => {
        const { reader, unreadable, clock } = bench();
        reader.part(picturePart());
        clock.advance(2000);
        assert.deepEqual(unreadable, ['a picture without an event']);
        reader.part(picturePart());
        reader.close();
        assert.equal(unreadable.length, 2);
        assert.equal(clock.pending, 0);
    });

    it('of two faces go to their own face, the scene to both', () => {
        const { reader, occurrences } = bench();
        reader.part(textPart(body('faceCapture.json')));
        reader.part(picturePart({ name: '20260813081853scene', contentId: 'backgroundImage' }));
        reader.part(picturePart({ name: '20260813081853face2', contentId: 'faceImage' }));
        reader.part(picturePart({ name: '20260813081853face1', contentId: 'faceImage' }));
        assert.deepEqual(
            occurrences.map(({ event, pictures }) => [event.person?.rect?.x, pictures.map(({ role }) => role).join()]),
            [
                [0.6, 'background,face'],
                [0.228, 'background,face'],
            ],
        );
    });

    it('may have their names the wrong way round', () => {
        const { reader, occurrences, clock } = bench();
        reader.part(textPart(body('alarmResult.json')));
        reader.part(picturePart({ name: 'faceImage', contentId: '20260915125304face', filename: 'image.jpg' }));
        reader.part(picturePart({ filename: '20260915125304lib2' }));
        clock.advance(2000);
        assert.deepEqual(
            occurrences[0]?.pictures.map(({ role }) => role),
            ['face', 'library'],
        );
    });

    it('that were cut off say so, and so does their event', () => {
        const { reader, occurrences } = bench();
        reader.part(textPart(INTRUSION));
        reader.part(picturePart({ truncated: true }));
        assert.equal(occurrences[0]?.pictures[0]?.truncated, true);
        assert.equal(occurrences[0]?.event.truncated, true);
    });

    it('are asked for by their address where the device keeps them', () => {
        const { reader, occurrences, clock } = bench();
        const url = 'http://192.0.2.1/picture/Streaming/tracks/803/?name=ch00008_';
        const faces = [{ faceId: 1, faceURL: '/LOCALS/pic/face.jpg' }];
        const capture = [{ targetAttrs: { deviceChannel: 8, bkgUrl: url }, faces }];
        reader.part(textPart(JSON.stringify({ eventType: 'faceCapture', faceCapture: capture })));
        assert.deepEqual(occurrences[0]?.links, [
            { role: 'background', url },
            { role: 'face', url: '/LOCALS/pic/face.jpg' },
        ]);
        assert.equal(clock.pending, 0);
    });
});

describe('pictures of a push', () => {
    const plate = picturePart({ name: '2026032113143041700plate', filename: 'licensePlatePicture.jpg' });
    const scene = picturePart({ name: 'detectionPicture.jpg', body: jpeg(2688, 1552) });

    it('may come in any order', () => {
        const event = textPart(body('anpr.xml'), { name: 'anpr.xml' });
        for (const parts of [
            [event, plate, scene],
            [plate, event, scene],
            [scene, plate, event],
        ]) {
            const { reader, occurrences, clock } = bench({ via: 'alarm-http' });
            reader.body({ parts });
            assert.equal(occurrences.length, 1);
            assert.deepEqual(occurrences[0]?.pictures.map(({ role }) => role).sort(), ['plate', 'scene']);
            assert.equal('warnings' in occurrences[0]!.event, false);
            assert.equal(clock.pending, 0);
        }
    });

    it('belong to the event even without a name', () => {
        const { reader, occurrences } = bench({ via: 'alarm-http' });
        reader.body({ parts: [picturePart(), textPart(body('access.json')), picturePart()] });
        assert.equal(occurrences[0]?.pictures.length, 2);
    });

    it('belong to the comparison rather than to the capture beside it', () => {
        const { reader, occurrences } = bench({ via: 'alarm-http' });
        const capture = { eventType: 'faceCapture', faceCapture: [{ faces: [{ faceId: 1 }] }] };
        reader.body({ parts: [textPart(JSON.stringify(capture)), textPart(body('alarmResult.json')), picturePart()] });
        assert.deepEqual(
            occurrences.map(({ event, pictures }) => [event.type, pictures.length]),
            [
                ['alarmResult', 1],
                ['faceCapture', 0],
            ],
        );
    });

    it('that is cut off are delivered as far as they came', () => {
        const { reader, occurrences } = bench({ via: 'alarm-http' });
        const cut = picturePart({ body: jpeg(640, 360, 100).subarray(0, 60), truncated: true });
        reader.body({ parts: [textPart(body('access.json')), cut], truncated: true });
        assert.equal(occurrences[0]?.event.truncated, true);
        assert.equal(occurrences[0]?.pictures[0]?.truncated, true);
        assert.equal(occurrences[0]?.pictures[0]?.width, 640);
    });

    it('that is a copy go with it', () => {
        const { reader, occurrences, unreadable } = bench({ via: 'alarm-http' });
        for (let n = 0; n < 2; n += 1) reader.body({ parts: [textPart(body('anpr.xml')), plate, scene] });
        assert.equal(occurrences.length, 1);
        assert.deepEqual(unreadable, []);
    });

    it('without any event are not lost', () => {
        const { reader, unreadable } = bench({ via: 'alarm-http' });
        reader.body({ parts: [textPart('hello'), picturePart()] });
        assert.deepEqual(unreadable, ['neither XML nor JSON', 'a picture without an event']);
    });
});

describe('the file of a picture', () => {
    const event = (fields: Partial<DeviceEvent>): DeviceEvent => ({
        ...readOne(alert({ eventType: 'VMD' })),
        ...fields,
    });

    it('is named by time, device, channel, kind and number', () => {
        const named = event({
            time: '2026-11-20T14:32:07-03:00',
            device: { name: 'portaria' },
            channel: 3,
            kind: 'line-crossing',
        });
        assert.equal(pictureFilename(named, 1, 'jpg'), '20261120-143207_portaria_3_line-crossing_1.jpg');
    });

    it('has no character that a file system could take for something else', () => {
        const names = [
            '../../etc/passwd',
            'C:\\Windows\\x',
            'Portão São João',
            '入口',
            '\u0000..',
            'a/b|c*d?e',
            '-rf',
            'x'.repeat(500),
            '.',
        ];
        const files = names.map((name) =>
            pictureFilename(event({ device: { name, id: '7' }, kind: `../${name}`, channel: null }), 2, 'jpg'),
        );
        for (const file of files) {
            assert.match(file, /^\d{8}-\d{6}_[A-Za-z0-9][A-Za-z0-9.-]*_0_[A-Za-z0-9][A-Za-z0-9.-]*_2\.jpg$/, file);
            assert.ok(!file.includes('..') && file.length < 130, file);
        }
        assert.match(files[2]!, /_Portao-Sao-Joao_/);
        assert.match(files[3]!, /_7_/);
    });

    it('is known by its first bytes, whatever the device calls it', () => {
        assert.deepEqual(pictureFormat(jpeg(1920, 1080), 'application/octet-stream'), {
            contentType: 'image/jpeg',
            extension: 'jpg',
            width: 1920,
            height: 1080,
        });
        const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000100000002008060000', 'hex');
        assert.deepEqual(pictureFormat(png, 'image/jpeg'), {
            contentType: 'image/png',
            extension: 'png',
            width: 16,
            height: 32,
        });
        assert.equal(pictureFormat(Buffer.from('BMxxxxxxxx')).contentType, 'image/bmp');
        assert.equal(pictureFormat(Buffer.from('raw'), 'video/mp4').contentType, 'video/mp4');
        for (const declared of ['image/jpeg', 'image/pjpeg', undefined, 'text/html\r\nX: 1']) {
            assert.deepEqual(pictureFormat(Buffer.from('no jpeg'), declared), {
                contentType: 'application/octet-stream',
                extension: 'bin',
            });
        }
    });

    it('is measured behind the thumbnails, and never beyond its end', () => {
        const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0xff, 0xff]), Buffer.alloc(0xffff - 2, 0xff)]);
        const whole = jpeg(800, 600);
        const long = Buffer.concat([whole.subarray(0, 2), thumbnail, whole.subarray(2)]);
        assert.equal(pictureFormat(long).width, 800);
        for (let length = 0; length < whole.length; length += 1) {
            assert.ok(pictureFormat(whole.subarray(0, length)).contentType.length > 0);
        }
        assert.equal(pictureFormat(Buffer.alloc(100_000, 0xff).fill(0xd8, 1, 2)).width, undefined);
    });

    it('plays a part by its name', () => {
        const cases: [string, string][] = [
            ['licensePlatePicture.jpg', 'plate'],
            ['detectionPicture.jpg', 'scene'],
            ['vehiclePicture.jpg', 'vehicle'],
            ['pedestrianDetectionPicture.jpg', 'scene'],
            ['detectedImage.jpg', 'scene'],
            ['faceImage', 'face'],
            ['backgroundImage', 'background'],
            ['humanBackgroundImage', 'background'],
            ['faceLibImage', 'library'],
            ['Picture', 'scene'],
            ['Picture_Name', 'scene'],
            ['thermalPicture', 'thermal'],
            ['2026032113143041700', 'unknown'],
        ];
        for (const [name, role] of cases) assert.equal(roleOf(name), role, name);
    });
});
