import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alert, bench, textPart } from './support';

const TIME = '2026-11-20T13:00:00+01:00';

/** What comes out of a stream that brings the bodies within a second. */
function come(bodies: (string | object)[], vendor: 'hikvision' | 'dahua' = 'hikvision') {
    const { reader, events, unreadable } = bench({ vendor });
    for (const body of bodies) reader.part(textPart(typeof body === 'string' ? body : JSON.stringify(body)));
    reader.close();
    assert.deepEqual(unreadable, []);
    return events;
}

const dahua = (code: string, action: string, data: object) =>
    `Code=${code};action=${action};index=0;data=${JSON.stringify({ LocaleTime: '2026-11-20 13:00:00', ...data })}`;
const hik = (eventType: string, more: object) => ({ eventType, channelID: 1, dateTime: TIME, ...more });
const input = (eventState: string, more: object = {}) =>
    alert({ eventType: 'IO', eventState, inputIOPortID: 1, activePostCount: 1, ...more });

describe('events of one second that are no copies', () => {
    const different: [string, (string | object)[], 'dahua'?][] = [
        ['a contact that bounces', [input('active'), input('inactive'), input('active'), input('inactive')]],
        [
            'a contact of Dahua that bounces',
            ['Start', 'Stop', 'Start'].map((action) => dahua('AlarmLocal', action, {})),
            'dahua',
        ],
        [
            'a door that opens and closes',
            ['Open', 'Close'].map((Status) => dahua('DoorStatus', 'Pulse', { Status })),
            'dahua',
        ],
        ['two disks', ['/dev/sda', '/dev/sdb'].map((Device) => dahua('StorageFailure', 'Start', { Device })), 'dahua'],
        [
            'a call and its end',
            ['request', 'hangUp'].map((cmdType) => hik('voiceTalkEvent', { VoiceTalkEvent: { cmdType } })),
        ],
        ['two users of a panel', ['a', 'b'].map((userName) => hik('cidEvent', { CIDEvent: { code: 1401, userName } }))],
        ['queues of other lengths', [1, 2].map((count) => hik('personQueueDetection', { Queue: { count } }))],
        [
            'faces of one scene',
            [
                hik('faceCapture', {
                    faceCapture: [
                        {
                            uid: 'U1',
                            targetAttrs: { pId: 'bkg' },
                            faces: [{ faceId: 1 }, { faceId: 2 }, { faceId: 3 }],
                        },
                    ],
                }),
            ],
        ],
        [
            'targets of one picture',
            [1, 2].map((targetID) =>
                hik('mixedTargetDetection', { CaptureResult: [{ targetID, Human: { pId1: 'a' } }] }),
            ),
        ],
    ];
    for (const [what, bodies, vendor] of different) {
        it(`are ${what}`, () => {
            const events = come(bodies, vendor);
            assert.equal(events.length, Math.max(bodies.length, what.startsWith('faces') ? 3 : 0));
        });
    }
});

describe('copies of an event', () => {
    it('are the same once more, whatever the device says of sending it again', () => {
        const again = { isDataRetransmission: true, currentEvent: false, bkgUrl: 'http://192.0.2.9/b.jpg' };
        const first = hik('personQueueDetection', { Queue: { count: 1 }, bkgUrl: 'http://192.0.2.9/a.jpg' });
        assert.equal(come([first, first, { ...first, ...again }]).length, 1);
    });

    it('of a condition that has changed since belong to the time before', () => {
        const states = come([input('active'), input('inactive'), input('active', { isDataRetransmission: true })]);
        assert.deepEqual(
            states.map(({ state }) => state),
            ['active', 'inactive'],
        );
    });
});
