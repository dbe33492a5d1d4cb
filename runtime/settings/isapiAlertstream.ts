import { Fields, type SavedConfig } from '../fields';
import { EVENT_FILTER_DEFAULTS, type EventFilterSettings, readEventFilter } from './eventFilter';

/** What a new `isapi-alertstream` holds. */
export const ISAPI_ALERTSTREAM_DEFAULTS: SavedConfig = {
    name: '',
    device: '',
    mode: 'auto',
    ...EVENT_FILTER_DEFAULTS,
    catchUp: false,
    catchUpLog: false,
    watchdog: 60,
    version: 1,
};

export interface IsapiAlertstreamSettings extends EventFilterSettings {
    device: string;
    mode: 'auto' | 'alertStream' | 'subscribe';
    /** Whether access events that were missed are fetched from the log of the device. */
    catchUp: boolean;
    /** Whether that may be the alarm log of a camera or recorder, too. */
    catchUpLog: boolean;
    /** Seconds without a byte after which the stream is opened again. */
    watchdog: number;
}

/** @throws Fault CONFIG_INVALID naming the field */
export function readIsapiAlertstream(config: SavedConfig, expand: (text: string) => string): IsapiAlertstreamSettings {
    const fields = new Fields(config, ISAPI_ALERTSTREAM_DEFAULTS, expand);
    return {
        ...readEventFilter(fields),
        device: fields.text('device'),
        mode: fields.oneOf('mode', ['auto', 'alertStream', 'subscribe']),
        catchUp: fields.flag('catchUp'),
        catchUpLog: fields.flag('catchUpLog'),
        watchdog: fields.number('watchdog', { min: 20, max: 300 }),
    };
}
