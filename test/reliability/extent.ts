import { seedOfRun } from '../support/random';

/** The long form, `npm run test:reliability`; else the short one, which is part of `npm test`. */
const LONG = process.env.VIGIA_RELIABILITY === 'long';

/** How much of something is done in the form that runs. */
export function amount(short: number, long: number): number {
    return LONG ? long : short;
}

/**
 * Of the whole run: `--seed`, or `VIGIA_SEED`, repeats it. The short form does the same each time, so that a run turns red
 * for what was changed and not by chance; the long form is there to find something new.
 */
export const SEED = LONG ? seedOfRun() : Number(process.env.VIGIA_SEED ?? 1);
