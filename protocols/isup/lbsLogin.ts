import { readFields } from './envelope';
import { decrypt, encrypt, masterKey, shareKey, sign, verify } from './keys';
import {
    type AuthI,
    LBS,
    LBS_STATUS,
    readAuthI,
    readAuthIII,
    readRefreshI,
    readSealed,
    writeAnswer,
} from './lbsFrames';

/** Randomness of the listener's side, injectable so that a recorded login comes out byte for byte. */
export interface IsupRandom {
    /** One byte. */
    nonce(): number;
    /** Sixteen ASCII characters. */
    sessionKey(): string;
}

/** Why a login was refused. */
export type Refusal = 'bad-key' | 'no-key' | 'unknown-device' | 'malformed' | 'out-of-order' | 'refresh-unknown';

/** Who registers, in clear text: known before any key is. Nothing of it is proven. */
export interface Registrant {
    deviceId: string;
    shortSerial: string;
    model?: string;
    deviceType?: number;
    fullSerial?: string;
}

/** What a login needs from the one who keeps the devices. */
export interface LoginDirectory {
    /** The ISUP key; a refusal where there is none. */
    keyOf(deviceId: string): { key: string } | { refusal: 'no-key' | 'unknown-device' };
    /** Master key of the last full login. */
    masterOf(deviceId: string): string | undefined;
    random: IsupRandom;
    /** The address and port of the DAS as this very connection must hear it. */
    das(): { address: string; port: number };
    onRegistering(registrant: Registrant): void;
    /** The device proved its key: its session key is good from now on. */
    onAuthenticated(login: { registrant: Registrant; masterKey: string; sessionKey: string; refreshed: boolean }): void;
    onRefused(refusal: Refusal, registrant: Registrant | undefined): void;
}

/** What to do with the connection after a frame. */
export interface LoginStep {
    reply?: Buffer;
    /** `soon`: flush and close; `mute`: say nothing more, close later. */
    close?: 'soon' | 'mute';
}

type Waiting =
    | { for: 'first' }
    | { for: 'auth-iii'; auth: AuthI; share: string; n2: number }
    | { for: 'refresh-iii'; registrant: Registrant; master: string; n2: number; sessionKey: string }
    | { for: 'request'; sessionKey: string }
    | { for: 'nothing' };

/**
 * The listener's side of one ISUP 5.0 login, commands 1 to 11 on one connection: frames in, answers out.
 *
 * It opens nothing by itself. A session key is handed on only when AUTH_III verifies, or when a refresh is proven by
 * REFRESH_III or by a request under the new key: AUTH_I and REFRESH_I can be replayed by anybody who saw them.
 */
export class LbsLogin {
    private waiting: Waiting = { for: 'first' };
    private registrant: Registrant | undefined;

    constructor(private readonly directory: LoginDirectory) {}

    /** True once the device has what it came for. */
    get finished(): boolean {
        return this.waiting.for === 'nothing';
    }

    /** @param first byte 0 of the frame; @param body what follows the length */
    frame(first: number, body: Buffer): LoginStep {
        if ((first & 0x0f) !== 0) return { close: 'mute' };
        const command = first >> 4;
        switch (command) {
            case LBS.AUTH_I:
                return this.authI(body);
            case LBS.AUTH_III:
                return this.authIII(body);
            case LBS.REFRESH_I:
                return this.refreshI(body);
            case LBS.REFRESH_III:
                return this.refreshIII(body);
            case LBS.REQUEST:
                return this.request(body);
            default:
                return this.refuse(command, LBS_STATUS.OUT_OF_ORDER, 'out-of-order');
        }
    }

    private refuse(command: number, status: number, refusal: Refusal): LoginStep {
        this.waiting = { for: 'nothing' };
        this.directory.onRefused(refusal, this.registrant);
        return { reply: writeAnswer(command, status), close: 'soon' };
    }

    private authI(body: Buffer): LoginStep {
        const auth = readAuthI(body);
        if (auth === undefined) return this.refuse(LBS.AUTH_II, LBS_STATUS.MALFORMED, 'malformed');
        const again = this.waiting.for === 'auth-iii' && this.waiting.auth.deviceId === auth.deviceId;
        if (this.waiting.for !== 'first' && !again) {
            return this.refuse(LBS.AUTH_I, LBS_STATUS.OUT_OF_ORDER, 'out-of-order');
        }
        const { deviceId, shortSerial, model, deviceType, fullSerial } = auth;
        this.registrant = { deviceId, shortSerial, model, deviceType, ...(fullSerial && { fullSerial }) };
        this.directory.onRegistering(this.registrant);
        const found = this.directory.keyOf(deviceId);
        if ('refusal' in found) return this.refuse(LBS.AUTH_II, LBS_STATUS.DENIED, found.refusal);
        const share = shareKey(found.key, deviceId);
        if (!verify(auth.signature, share, deviceId, auth.n1)) {
            return this.refuse(LBS.AUTH_II, LBS_STATUS.BAD_KEY, 'bad-key');
        }
        const n2 = this.directory.random.nonce();
        this.waiting = { for: 'auth-iii', auth, share, n2 };
        return {
            reply: writeAnswer(LBS.AUTH_II, LBS_STATUS.OK, Buffer.from([n2]), sign(share, deviceId, auth.n1, n2)),
        };
    }

    private authIII(body: Buffer): LoginStep {
        const { waiting } = this;
        if (waiting.for !== 'auth-iii') return this.refuse(LBS.AUTH_III, LBS_STATUS.OUT_OF_ORDER, 'out-of-order');
        const answer = readAuthIII(body);
        if (answer === undefined) return this.refuse(LBS.AUTH_IV, LBS_STATUS.MALFORMED, 'malformed');
        const { deviceId, n1 } = waiting.auth;
        const genuine = verify(answer.signature, waiting.share, deviceId, waiting.n2, answer.n3);
        if (answer.deviceId !== deviceId || !genuine) {
            return this.refuse(LBS.AUTH_IV, LBS_STATUS.BAD_KEY, 'bad-key');
        }
        const n4 = this.directory.random.nonce();
        const sessionKey = this.directory.random.sessionKey();
        const master = masterKey(waiting.share, [n1, waiting.n2, answer.n3, n4]);
        const sealed = encrypt(master, sessionKey);
        this.waiting = { for: 'request', sessionKey };
        this.directory.onAuthenticated({
            registrant: this.registrant!,
            masterKey: master,
            sessionKey,
            refreshed: false,
        });
        return {
            reply: writeAnswer(
                LBS.AUTH_IV,
                LBS_STATUS.OK,
                Buffer.from([n4, sealed.length]),
                sealed,
                sign(waiting.share, deviceId, answer.n3, n4),
            ),
        };
    }

    private refreshI(body: Buffer): LoginStep {
        if (this.waiting.for !== 'first') return this.refuse(LBS.REFRESH_I, LBS_STATUS.OUT_OF_ORDER, 'out-of-order');
        const refresh = readRefreshI(body);
        if (refresh === undefined) return this.refuse(LBS.REFRESH_II, LBS_STATUS.MALFORMED, 'malformed');
        const { deviceId, shortSerial } = refresh;
        const registrant: Registrant = { deviceId, shortSerial };
        this.registrant = registrant;
        const master = this.directory.masterOf(deviceId);
        if (master === undefined) {
            return this.refuse(LBS.REFRESH_II, LBS_STATUS.UNKNOWN_MASTER, 'refresh-unknown');
        }
        const plain = decrypt(master, refresh.sealed);
        if (plain?.length !== 1) return this.refuse(LBS.REFRESH_II, LBS_STATUS.MALFORMED, 'malformed');
        const n2 = this.directory.random.nonce();
        const sessionKey = this.directory.random.sessionKey();
        this.waiting = { for: 'refresh-iii', registrant, master, n2, sessionKey };
        const answer = Buffer.concat([plain, Buffer.from([n2]), Buffer.from(sessionKey, 'latin1')]);
        return { reply: writeAnswer(LBS.REFRESH_II, LBS_STATUS.OK, encrypt(master, answer)) };
    }

    private refreshIII(body: Buffer): LoginStep {
        const { waiting } = this;
        if (waiting.for !== 'refresh-iii') {
            return this.refuse(LBS.REFRESH_III, LBS_STATUS.OUT_OF_ORDER, 'out-of-order');
        }
        const sealed = readSealed(body);
        const plain = sealed && decrypt(waiting.master, sealed);
        if (plain?.length !== 1 || plain[0] !== waiting.n2) {
            return this.refuse(LBS.REFRESH_III, LBS_STATUS.MALFORMED, 'malformed');
        }
        this.refreshed(waiting);
        return {};
    }

    private refreshed(waiting: Extract<Waiting, { for: 'refresh-iii' }>): void {
        const { registrant, master, sessionKey } = waiting;
        this.waiting = { for: 'request', sessionKey };
        this.directory.onAuthenticated({ registrant, masterKey: master, sessionKey, refreshed: true });
    }

    private request(body: Buffer): LoginStep {
        const { waiting } = this;
        if (waiting.for !== 'request' && waiting.for !== 'refresh-iii') {
            return this.refuse(LBS.REQUEST, LBS_STATUS.OUT_OF_ORDER, 'out-of-order');
        }
        const sealed = readSealed(body);
        const plain = sealed && decrypt(waiting.sessionKey, sealed);
        // Whole JSON is the proof: a block that happens to unpad is not.
        if (plain === undefined || readFields(plain.toString('utf8')) === undefined) {
            return this.refuse(LBS.ANSWER, LBS_STATUS.DECRYPTION_FAILED, 'malformed');
        }
        if (waiting.for === 'refresh-iii') this.refreshed(waiting);
        this.waiting = { for: 'nothing' };
        const { address, port } = this.directory.das();
        const answer = JSON.stringify({
            Type: 'DAS',
            DasInfo: {
                Address: address,
                Domain: address,
                ServerID: `das_${address}_${port}`,
                Port: port,
                UdpPort: port,
            },
        });
        return { reply: writeAnswer(LBS.ANSWER, LBS_STATUS.OK, encrypt(waiting.sessionKey, answer)) };
    }
}
