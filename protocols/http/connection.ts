import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { connectDirect } from './directSocket';
import { connectFault, type Peer, tlsFault } from './networkFault';
import { checkPin, type TlsSettings, tlsOptions } from './tls';

/** Brings a connection from elsewhere, such as a tunnel; it may still be connecting. */
export type Connect = (peer: Peer) => Duplex | Promise<Duplex>;

export interface Destination extends Peer {
    /** Present for https. */
    tls?: TlsSettings;
    connect?: Connect;
    /** Whether its plain connections may be read directly; see {@link connectDirect}. */
    direct?: boolean;
    /** Milliseconds for TCP and TLS together. */
    connectTimeout: number;
    clock: Clock;
}

/** Keeps NAT entries alive, and finds out within minutes that a silent peer is gone. */
const KEEP_ALIVE_MS = 30_000;
/** Node gives an address of a dual-stack name 250 ms; devices on mobile uplinks need longer to answer a SYN. */
const NEXT_ADDRESS_MS = 1_500;

function openTcp({ host, port, direct, tls }: Destination): Duplex {
    const open = direct === true && tls === undefined ? connectDirect : connectTcp;
    return open({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    });
}

/** Resolves when the connection stands; rejects with whatever it emits before that. */
function established(socket: Duplex, event: 'connect' | 'secureConnect'): Promise<void> {
    return new Promise((resolve, reject) => {
        const settle = (end: () => void) => {
            socket.off(event, stands).off('error', failed).off('close', lost).off('end', lost);
            end();
        };
        const stands = () => settle(resolve);
        const failed = (error: Error) => settle(() => reject(error));
        const lost = () => failed(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
        socket.on(event, stands).on('error', failed).on('close', lost).on('end', lost);
    });
}

/** Whoever owns a connection hears of its errors too; this is for the moments between two owners, and after the last. */
function watched<T extends Duplex>(socket: T): T {
    socket.on('error', () => socket.destroy());
    return socket;
}

async function secured(inner: Duplex, destination: Destination & { tls: TlsSettings }): Promise<TLSSocket> {
    let secure: TLSSocket | undefined;
    try {
        // It throws for keys, certificates and ciphers that cannot be used.
        secure = watched(connectTls({ ...tlsOptions(destination.tls), socket: inner }));
        secure.once('close', () => inner.destroy());
        await established(secure, 'secureConnect');
        const mismatch = checkPin(secure, destination.tls);
        if (mismatch) throw mismatch;
        return secure;
    } catch (error) {
        secure?.destroy();
        throw tlsFault(error, destination, destination.connectTimeout);
    }
}

async function open(destination: Destination, opened: (socket: Duplex) => void): Promise<Duplex> {
    const { tls } = destination;
    if (tls) tlsOptions(tls);
    const socket = watched(destination.connect ? await destination.connect(destination) : openTcp(destination));
    opened(socket);
    try {
        if ('connecting' in socket && socket.connecting) await established(socket, 'connect');
    } catch (error) {
        throw connectFault(error, destination, destination.connectTimeout);
    }
    return tls ? secured(socket, { ...destination, tls }) : socket;
}

/**
 * Opens a connection to a device: TCP (or what `connect` brings), then TLS with the certificate checked, all before a
 * byte is sent.
 * @param signal ends the attempt; its reason is what the promise rejects with
 * @throws Fault HOST_NOT_FOUND, CONNECT_REFUSED, CONNECT_UNREACHABLE, CONNECT_TIMEOUT, CONNECTION_LOST, TLS_UNTRUSTED,
 * TLS_PIN_MISMATCH, TLS_FAILED, CONFIG_INVALID
 */
export function openConnection(destination: Destination, signal: AbortSignal): Promise<Duplex> {
    const { host, port, connectTimeout: ms, clock } = destination;
    return new Promise((resolve, reject) => {
        let socket: Duplex | undefined;
        let over = false;
        const finish = (settle: () => void) => {
            over = true;
            cancel();
            signal.removeEventListener('abort', abort);
            settle();
        };
        const giveUp = (fault: unknown) => {
            if (over) return;
            finish(() => reject(fault));
            socket?.destroy();
        };
        const abort = () => giveUp(signal.reason);
        const cancel = clock.after(ms, () => giveUp(new Fault('CONNECT_TIMEOUT', { details: { host, port, ms } })));
        signal.addEventListener('abort', abort, { once: true });
        if (signal.aborted) return abort();
        open(destination, (opened) => {
            socket = opened;
            if (over) opened.destroy();
        }).then(
            (ready) => (over ? ready.destroy() : finish(() => resolve(ready))),
            (error) => giveUp(Fault.from(error)),
        );
    });
}
