import { readJsonBody } from './bodies';
import type { HttpDevice } from './httpDevice';

export interface Intercom {
    status: 'idle' | 'ring' | 'onCall';
    /** Every signal as it came. */
    readonly signals: string[];
    /** Every decision of the server: serial number and result. */
    readonly checks: { serialNo: number; checkResult: string }[];
    /** Somebody presses the button. */
    ring(): void;
}

/**
 * Gives a device the call of a door station, and the decision of the server (`remoteCheck`).
 *
 * @param silent the status stays idle whatever happens (firmware 3.7 on, pergolafabio/Hikvision-Addons#260)
 */
export function addIntercom(device: HttpDevice, { silent = false } = {}): Intercom {
    const intercom: Intercom = {
        status: 'idle',
        signals: [],
        checks: [],
        ring() {
            intercom.status = 'ring';
        },
    };
    const base = '/ISAPI/VideoIntercom';
    device.route('GET', `${base}/callStatus`, (exchange) =>
        exchange.json({ CallStatus: { status: silent ? 'idle' : intercom.status } }),
    );
    device.route('GET', `${base}/callerInfo`, (exchange) =>
        exchange.json({
            CallerInfo: {
                buildingNo: 1,
                floorNo: 1,
                zoneNo: 1,
                unitNo: 1,
                devNo: 88,
                devType: 1,
                lockNum: 1,
                status: intercom.status,
            },
        }),
    );
    device.route('PUT', `${base}/callSignal`, (exchange) => {
        const signal = readJsonBody(exchange.body)?.CallSignal as { cmdType?: string } | undefined;
        if (signal?.cmdType === undefined) return exchange.outcome('badFormat');
        if (signal.cmdType === 'answer' && intercom.status !== 'ring') return exchange.outcome('invalidOperation');
        intercom.signals.push(signal.cmdType);
        intercom.status = signal.cmdType === 'answer' ? 'onCall' : 'idle';
        exchange.outcome('ok');
    });
    device.route('PUT', '/ISAPI/AccessControl/remoteCheck', (exchange) => {
        const check = readJsonBody(exchange.body)?.RemoteCheck as { serialNo: number; checkResult: string } | undefined;
        if (check === undefined) return exchange.outcome('badFormat');
        intercom.checks.push({ serialNo: check.serialNo, checkResult: check.checkResult });
        exchange.outcome('ok');
    });
    return intercom;
}
