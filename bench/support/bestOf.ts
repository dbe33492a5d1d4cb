/**
 * Microseconds that one call takes, in the best of ten rounds: on a machine that does other things too, the best is the
 * one that was least disturbed.
 */
export function bestOf(times: number, call: () => unknown): number {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 10; round += 1) {
        const started = process.hrtime.bigint();
        for (let index = 0; index < times; index += 1) call();
        best = Math.min(best, Number(process.hrtime.bigint() - started) / times / 1000);
    }
    return best;
}
