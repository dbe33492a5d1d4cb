import { connect } from 'node:net';

const TIMEOUT_MS = 3000;

/** Whether somebody accepts TCP connections there; nothing is sent. Never rejects. */
export function canReach(host: string, port: number, timeout = TIMEOUT_MS): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect({ host, port, timeout });
        const settle = (reached: boolean) => () => {
            socket.destroy();
            resolve(reached);
        };
        socket.on('connect', settle(true)).on('error', settle(false)).on('timeout', settle(false));
    });
}
