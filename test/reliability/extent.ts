import { seedOfRun } from '../support/random';

/** The long form, `npm run test:reliability`; else the short one, which is part of `npm test`. */
export const LONG = process.env.VIGIA_RELIABILITY === 'long';

/** How much of something is done in the form that runs. */
export function amount(short: number, long: number): number {
    return LONG ? long : short;
}

/** Of the whole run: `--seed`, or `VIGIA_SEED`, repeats it. */
export const SEED = seedOfRun();
