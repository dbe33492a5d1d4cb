import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loggedBody } from '../../events/logWords';
import { lookUp } from '../../events/vocabulary';
import { readLogRow } from '../../protocols/isapi/logRow';

const TIME = '2026-11-20T09:00:00-03:00';

/** The body of `Alarm/motionStart/2`, as `kind state`. */
function said(metaId: string): string | undefined {
    const row = readLogRow({
        logDescriptor: { metaId: `log.hikvision.com/${metaId}`, StartDateTime: TIME.slice(0, 19) },
    });
    const body = row && loggedBody(row, TIME);
    return body && `${lookUp(String(body.eventType)).kind} ${body.eventState ?? ''}`.trim();
}

describe('a word of the log', () => {
    for (const [metaId, expected] of [
        ['Alarm/motionStart/2', 'motion active'],
        ['Alarm/motionStop/2', 'motion inactive'],
        ['Alarm/hideStart', 'tamper active'],
        ['Alarm/hideAlarmStop', 'tamper inactive'],
        ['Alarm/lineDetectionStart/1', 'line-crossing active'],
        ['Alarm/fieldDetectionStop/1', 'intrusion inactive'],
        ['Alarm/regionEntranceStart/1', 'region-entrance active'],
        ['Alarm/regionExitingStart/1', 'region-exit active'],
        ['Alarm/loiteringDetectionStart', 'loitering active'],
        ['Alarm/sceneChangeDetectionStart', 'scene-change active'],
        ['Alarm/defocusDetectionStart', 'defocus active'],
        ['Alarm/audioInputExceptionStart', 'audio-exception active'],
        ['Alarm/fireDetectionStart', 'fire active'],
        ['Alarm/alarmIn/3', 'alarm-input active'],
        ['Exception/videoLost/4', 'video-loss active'],
        ['Exception/hdFull', 'disk-full active'],
        ['Exception/illlegealAccess', 'illegal-login active'],
    ] as const) {
        it(`is the event that the stream would bring: ${metaId}`, () => assert.equal(said(metaId), expected));
    }

    it('that we do not know passes in small letters, and only as an alarm', () => {
        assert.equal(said('Alarm/vcaStart/1'), 'vca active');
        assert.equal(said('Alarm/alarmOut/1'), 'alarmout');
        assert.equal(said('Alarm/Start'), 'start active');
        for (const metaId of [
            'Exception/ipcDisconnect',
            'Operation/remoteLogin',
            'Information/hddInfo',
            'Alarm2/motionStart',
        ]) {
            assert.equal(said(metaId), undefined);
        }
    });

    it('may be any word', () => {
        for (const word of ['constructor', '__proto__', 'Start', 'alarm', 'detection'])
            assert.equal(typeof said(`Alarm/${word}/1`), 'string', word);
    });

    it('of what only has an instant has no end', () => {
        assert.equal(said('Alarm/faceSnapStart/1'), 'face-capture active');
        assert.equal(said('Alarm/faceSnapStop/1'), undefined);
    });
});
