import type { Clock } from '../../protocols/clock';
import { readJsonBody } from '../bodies';
import type { Exchange } from '../exchange';
import type { Handler } from '../routes';

export type CheckAnswer = 'success' | 'failed' | 'timeout';

/** Events that wait for a server's decision: `PUT /ISAPI/AccessControl/remoteCheck` (the Senior driver). */
export class RemoteChecks {
    readonly #waiting = new Map<number, (answer: CheckAnswer) => void>();

    constructor(
        readonly clock: Clock,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        route('PUT', '/ISAPI/AccessControl/remoteCheck', (exchange) => this.#answered(exchange));
    }

    /** Resolves with the answer, or with `timeout`. */
    wait(serial: number, seconds: number): Promise<CheckAnswer> {
        return new Promise((resolve) => {
            const cancel = this.clock.after(seconds * 1000, () => settle('timeout'));
            const settle = (answer: CheckAnswer) => {
                cancel();
                this.#waiting.delete(serial);
                resolve(answer);
            };
            this.#waiting.set(serial, settle);
        });
    }

    close(): void {
        for (const settle of [...this.#waiting.values()]) settle('timeout');
    }

    #answered(exchange: Exchange): void {
        const check = readJsonBody(exchange.body)?.RemoteCheck as Record<string, unknown> | undefined;
        const settle = this.#waiting.get(Number(check?.serialNo));
        if (check === undefined) exchange.outcome('badFormat');
        else if (settle === undefined) exchange.outcome('badParameters');
        else {
            settle(check.checkResult === 'success' ? 'success' : 'failed');
            exchange.outcome('ok');
        }
    }
}
