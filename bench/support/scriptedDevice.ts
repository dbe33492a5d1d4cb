import { connect, type Socket } from 'node:net';
import { encrypt, shareKey, sign } from '../../protocols/isup/keys';
import { LBS, writeAuthI, writeAuthIII, writeSealed } from '../../protocols/isup/lbsFrames';
import { PINGREQ, writeConnect, writeSubscribe } from '../../protocols/isup/mqtt';
import { readVarint } from '../../protocols/isup/varint';

export const KEY = 'Test1234key';
const NONCE = 0x22;
const SESSION_KEY = 'ABCDEF0123456789';
/** What the listener draws: a device whose answers are written before the clock starts must know it. */
export const FORESEEN = { nonce: () => NONCE, sessionKey: () => SESSION_KEY };

/** One connection of a device: what it sends, each as soon as the answer to the one before is whole. */
export type Script = readonly Buffer[];

/** All that a device sends to come online: its login, then its session. */
export interface Scripts {
    login: Script;
    session: Script;
}

/** Computes every byte of a first login, so that playing it costs no cryptography. @param keepAlive seconds, as promised */
export function scriptsOf(deviceId: string, shortSerial: string, keepAlive: number): Scripts {
    const share = shareKey(KEY, deviceId);
    const signature = sign(share, deviceId, NONCE);
    const device = { shortSerial, model: 'DS-TEST-CAM', deviceType: 4660, deviceId, fullSerial: shortSerial };
    const question = JSON.stringify({ DevSerial: shortSerial, Type: 'DAS', Mode: 0 });
    const facts = {
        DevSerial: `DS-TEST-CAM20260101AAWR${shortSerial}`,
        SubSerial: shortSerial,
        FirmwareVersion: 'V5.7.0 build 260101',
        DevType: '4660',
        DevTypeDisplay: 'DS-TEST-CAM',
        MAC: '02:00:00:00:00:01',
        Status: 1,
        NickName: deviceId,
        DeviceID: deviceId,
    };
    const will = {
        topic: `/Basic/pu2cenplt/${shortSerial}/firstconnect`,
        payload: encrypt(SESSION_KEY, JSON.stringify(facts)),
    };
    return {
        login: [
            writeAuthI({ ...device, n1: NONCE, signature }),
            writeAuthIII({ n3: NONCE, deviceId, signature: sign(share, deviceId, NONCE, NONCE) }),
            writeSealed(LBS.REQUEST, encrypt(SESSION_KEY, question)),
        ],
        session: [
            writeConnect({ clientId: deviceId, username: shortSerial, keepAlive, will }),
            writeSubscribe(1, `/${shortSerial}/#`),
        ],
    };
}

/** Status of a login answer, code of a CONNACK; a SUBACK has none that matters here. */
function accepted(answer: Buffer): boolean {
    if (answer[0] === 0x90) return true;
    return (answer[0] === 0x20 && answer.length === 4 ? answer[3] : answer[5]) === 0;
}

/** An answer of the listener is one frame; the echo is as long as what was sent. */
function isWhole(answer: Buffer, echoed: number | undefined): boolean {
    if (echoed !== undefined) return answer.length >= echoed;
    const length = readVarint(answer, 1);
    return typeof length === 'object' && answer.length >= 1 + length.size + length.value;
}

/** Plays one connection; resolves with the socket, still open, when the last answer is there. @param from own address */
export function play(script: Script, port: number, from: string, is: 'isup' | 'echo'): Promise<Socket> {
    return new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', localAddress: from });
        socket.setNoDelay(true);
        let step = 0;
        let answer: Buffer | undefined;
        socket.on('connect', () => socket.write(script[0]!));
        socket.on('error', reject);
        socket.on('close', () => reject(new Error('the listener closed the connection')));
        socket.on('data', (chunk: Buffer) => {
            if (step === script.length) return;
            answer = answer === undefined ? chunk : Buffer.concat([answer, chunk]);
            if (!isWhole(answer, is === 'echo' ? script[step]!.length : undefined)) return;
            if (is === 'isup' && !accepted(answer)) {
                socket.destroy();
                return;
            }
            answer = undefined;
            step += 1;
            if (step < script.length) socket.write(script[step]!);
            else resolve(socket);
        });
    });
}

export function beat(socket: Socket): void {
    if (socket.writable) socket.write(PINGREQ);
}
