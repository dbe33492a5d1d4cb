import type { Fields, SavedConfig } from '../fields';

/** What the nodes that bring events have in common. */
export interface EventFilterSettings {
    /** Kinds, vendor types or families that come out; empty = all. */
    kinds: string[];
    /** Channels that come out; empty = all. */
    channels: number[];
    repeat: 'edges' | 'all';
    /** Milliseconds of silence after which a lasting condition is ended for the device. */
    hold: number;
    replay: 'live' | 'all' | 'only';
    pictures: 'with' | 'separate' | 'none' | 'snapshot';
    heartbeats: boolean;
    /** What came out of another node of the same device that says so, too, is left out. */
    once: boolean;
}

export const EVENT_FILTER_DEFAULTS: SavedConfig = {
    kinds: [],
    channels: [],
    repeat: 'edges',
    hold: 5000,
    replay: 'live',
    pictures: 'with',
    heartbeats: false,
    once: false,
};

export function readEventFilter(fields: Fields): EventFilterSettings {
    return {
        kinds: fields.list('kinds'),
        channels: fields.numbers('channels'),
        repeat: fields.oneOf('repeat', ['edges', 'all']),
        hold: fields.number('hold', { min: 0, max: 3_600_000 }),
        replay: fields.oneOf('replay', ['live', 'all', 'only']),
        pictures: fields.oneOf('pictures', ['with', 'separate', 'none', 'snapshot']),
        heartbeats: fields.flag('heartbeats'),
        once: fields.flag('once'),
    };
}
