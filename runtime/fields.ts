import { Fault } from '../protocols/errors';

/** A node's saved configuration, as Node-RED hands it over: text fields hold strings, even where numbers are meant. */
export type SavedConfig = Record<string, unknown>;

export interface NumberLimits {
    min: number;
    max: number;
}

/**
 * Reads a saved configuration once, at the border: strings become what they mean, `${ENV}` is filled in, and a value
 * that cannot be meant ends in a {@link Fault} `CONFIG_INVALID` that names the field.
 */
export class Fields {
    readonly #config: SavedConfig;
    readonly #defaults: SavedConfig;
    readonly #expand: (text: string) => string;

    /** @param expand fills `${ENV}` inside a text; Node-RED itself only replaces values that are one `${ENV}` whole. */
    constructor(config: SavedConfig, defaults: SavedConfig, expand: (text: string) => string = (text) => text) {
        this.#config = config;
        this.#defaults = defaults;
        this.#expand = expand;
    }

    text(name: string): string {
        const value = this.#value(name);
        if (value === undefined || value === null) return '';
        if (typeof value !== 'string' && typeof value !== 'number') throw invalid(name, 'text is expected');
        return this.#expand(String(value)).trim();
    }

    /** A number within its limits, or `undefined` where the field is empty. */
    optionalNumber(name: string, limits: NumberLimits): number | undefined {
        const text = this.text(name);
        if (text === '') return undefined;
        const value = Number(text);
        if (!Number.isFinite(value)) throw invalid(name, `“${text}” is not a number`);
        if (value < limits.min || value > limits.max) {
            throw invalid(name, `${value} is not between ${limits.min} and ${limits.max}`);
        }
        return value;
    }

    /** As {@link optionalNumber}; an empty field takes the default. */
    number(name: string, limits: NumberLimits): number {
        return this.optionalNumber(name, limits) ?? Number(this.#defaults[name]);
    }

    /** A TCP or UDP port, or `undefined` where the field is empty. */
    optionalPort(name: string): number | undefined {
        const port = this.optionalNumber(name, { min: 0, max: 65535 });
        if (port !== undefined && !Number.isInteger(port)) throw invalid(name, `${port} is not a whole number`);
        return port;
    }

    flag(name: string): boolean {
        const value = this.#value(name);
        return value === true || value === 'true';
    }

    oneOf<T extends string>(name: string, choices: readonly T[]): T {
        const text = this.text(name) || String(this.#defaults[name]);
        if (!choices.includes(text as T)) throw invalid(name, `“${text}” is none of ${choices.join(', ')}`);
        return text as T;
    }

    /** A list of texts without blanks; one text with commas or line breaks is a list too. */
    list(name: string): string[] {
        const value = this.#value(name);
        const items = Array.isArray(value) ? value.map(String) : this.text(name).split(/[\s,;]+/);
        return items.map((item) => this.#expand(item).trim()).filter((item) => item !== '');
    }

    /** A list of whole numbers. */
    numbers(name: string): number[] {
        return this.list(name).map((item) => {
            const value = Number(item);
            if (!Number.isInteger(value) || value < 0) throw invalid(name, `“${item}” is not a channel number`);
            return value;
        });
    }

    #value(name: string): unknown {
        const value = this.#config[name];
        return value === undefined ? this.#defaults[name] : value;
    }
}

function invalid(field: string, reason: string): Fault {
    return new Fault('CONFIG_INVALID', { details: { field, reason } });
}
