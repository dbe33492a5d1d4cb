import type { Fields } from '../protocols/documents/values';

/**
 * A row of `/ISAPI/AccessControl/AcsEvent` as the body of the event that a stream or a push would have brought, so that
 * both become the same event with the same id. The history names its keys differently (`major`, `minor`, `time` for
 * `majorEventType`, `subEventType`, `dateTime`) and has no channel; terminals call theirs 1 everywhere else.
 */
export function historyBody(row: Fields): Fields {
    return {
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        channelID: 1,
        dateTime: row.time,
        AccessControllerEvent: { ...row, majorEventType: row.major, subEventType: row.minor },
    };
}
