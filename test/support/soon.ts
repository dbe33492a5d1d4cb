import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

const PATIENCE = 60_000;
const STEP = 20;

/** Waits for what happens outside of Node-RED: a file, a request, a broker. */
export async function soon<T>(check: () => T | Promise<T>, what: string): Promise<Exclude<NonNullable<T>, false>> {
    for (const deadline = Date.now() + PATIENCE; ; await setTimeout(STEP)) {
        const found = await check();
        if (found) return found as Exclude<NonNullable<T>, false>;
        assert.ok(Date.now() < deadline, `waited for ${what}`);
    }
}
