/** How far something long has come. */
export interface Progress {
    /** What is counted: rows of a list, or bytes of a file. */
    unit: 'matches' | 'bytes';
    done: number;
    /** How many there are in all, where the device says so. */
    total?: number;
    /** Ordinal of the page that came last, from 1. */
    page?: number;
}

/** Is told how far it has come; as often as there is something to tell. */
export type OnProgress = (progress: Progress) => void;
