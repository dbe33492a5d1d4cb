/** What happened at a terminal, in the words of a test or a scenario. */
export interface SimulatedAccess {
    /** 1 alarm, 2 exception, 3 operation, 5 event. */
    major: number;
    minor: number;
    /** Lock and button events have one, authentications do not (captures of a DS-K1T342MWX). */
    door?: number;
    reader?: number;
    employee?: string;
    name?: string;
    card?: string;
    userType?: string;
    verifyMode?: string;
    attendance?: string;
    mask?: string;
    /** Fractions 0..1. */
    face?: { x: number; y: number; width: number; height: number };
    /** true: the terminal takes one. */
    picture?: boolean | Buffer;
    /** Address of the client that caused an operation. */
    remoteAddress?: string;
    /** The terminal asks a server to decide. */
    remoteCheck?: boolean;
    /** Epoch milliseconds; the terminal's clock by default. */
    at?: number;
}

/** One row of the log; `serial` is the terminal's own running number. */
export interface AccessRow extends Omit<SimulatedAccess, 'picture' | 'at'> {
    serial: number;
    previousSerial: number;
    at: number;
    picture?: Buffer;
}

/** What a search asks for; everything is optional, 0 and '' mean "all" as on the wire. */
export interface AccessQuery {
    major?: number;
    minor?: number;
    /** Epoch milliseconds, both included. */
    from?: number;
    to?: number;
    employee?: string;
    card?: string;
    name?: string;
    beginSerial?: number;
    endSerial?: number;
    newestFirst?: boolean;
}

/** Pictures are many times larger than rows: only the latest keep theirs. */
const KEPT_PICTURES = 200;

/** The log of an access terminal: it survives everything but a factory reset, and is replayed to whoever connects. */
export class AccessLog {
    #rows: AccessRow[] = [];
    #serial = 0;
    #skipped = 0;

    get rows(): readonly AccessRow[] {
        return this.#rows;
    }

    add(access: SimulatedAccess & { at: number; picture?: Buffer }): AccessRow {
        const previousSerial = this.#serial;
        this.#serial += 1 + this.#skipped;
        this.#skipped = 0;
        const row: AccessRow = { ...access, serial: this.#serial, previousSerial };
        this.#rows.push(row);
        const old = this.#rows.at(-1 - KEPT_PICTURES);
        if (old !== undefined) delete old.picture;
        return row;
    }

    /** Leaves out numbers, as terminals do whose log was cleared or whose flash is worn. */
    skip(numbers: number): void {
        this.#skipped += numbers;
    }

    /** Somebody cleared the log: no rows, and the numbers go on. */
    clear(): void {
        this.#rows = [];
    }

    /** A factory reset: no rows, and numbers from 1 again. */
    reset(): void {
        this.#rows = [];
        this.#serial = 0;
    }

    bySerial(serial: number): AccessRow | undefined {
        return this.#rows.find((row) => row.serial === serial);
    }

    /** All rows that fit, by serial number. */
    find(query: AccessQuery): AccessRow[] {
        const found = this.#rows.filter((row) => fits(row, query));
        return query.newestFirst ? found.reverse() : found;
    }
}

function fits(row: AccessRow, query: AccessQuery): boolean {
    return (
        (!query.major || row.major === query.major) &&
        (!query.minor || row.minor === query.minor) &&
        (!query.employee || row.employee === query.employee) &&
        (!query.card || row.card === query.card) &&
        (!query.name || row.name === query.name) &&
        row.at >= (query.from ?? 0) &&
        row.at <= (query.to ?? Number.POSITIVE_INFINITY) &&
        row.serial >= (query.beginSerial || 0) &&
        row.serial <= (query.endSerial || Number.POSITIVE_INFINITY)
    );
}
