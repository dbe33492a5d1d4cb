import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { dvripLogin, gen2Hash } from '../protocols/dahua/passwordHash';

export interface RecorderServicesOptions {
    username: string;
    password: string;
    /** Speak DHIP on the vendor's port instead of DVRIP, as newer devices may. */
    dhip?: boolean;
    /** Wrong passwords before the account is locked. */
    triesBeforeLock?: number;
    initialised?: boolean;
}

/**
 * The TCP services behind a simulated recorder, besides its web page: login on the vendor's own port and RTSP. Formats:
 * mcw0/DahuaConsole; RFC 2326.
 */
export class RecorderServices {
    /** Logins that were tried on the vendor's port, good or bad. */
    logins = 0;
    readonly realm = `Login to ${randomBytes(16).toString('hex')}`;
    readonly #options: Required<RecorderServicesOptions>;
    readonly #servers: Server[] = [];
    readonly #sockets = new Set<Socket>();
    #failures = 0;

    private constructor(options: RecorderServicesOptions) {
        this.#options = { dhip: false, triesBeforeLock: 5, initialised: true, ...options };
    }

    static async open(options: RecorderServicesOptions): Promise<RecorderServices> {
        const services = new RecorderServices(options);
        const { dhip } = services.#options;
        await services.#listen((socket) => (dhip ? services.#serveDhip(socket) : services.#serveDvrip(socket)));
        await services.#listen((socket) => services.#serveRtsp(socket));
        return services;
    }

    /** Local port behind the recorder's 37777. */
    get privatePort(): number {
        return portOf(this.#servers[0]);
    }

    /** Local port behind the recorder's 554. */
    get rtspPort(): number {
        return portOf(this.#servers[1]);
    }

    close(): void {
        for (const socket of this.#sockets) socket.destroy();
        for (const server of this.#servers) server.close();
    }

    #listen(serve: (socket: Socket) => void): Promise<void> {
        const server = createServer((socket) => {
            this.#sockets.add(socket);
            socket.on('close', () => this.#sockets.delete(socket));
            socket.on('error', () => socket.destroy());
            serve(socket);
        });
        this.#servers.push(server);
        return new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    }

    /** Hands out whole frames: a head of 32 bytes that tells the length of the rest. */
    #onFrames(socket: Socket, lengthAt: number, take: (frame: Buffer) => void): void {
        let held = Buffer.alloc(0);
        socket.on('data', (chunk) => {
            held = Buffer.concat([held, chunk]);
            while (held.length >= 32 && held.length >= 32 + held.readUInt32LE(lengthAt)) {
                const end = 32 + held.readUInt32LE(lengthAt);
                take(held.subarray(0, end));
                held = held.subarray(end);
            }
        });
    }

    /** The result code of a login whose hash was good or not. */
    #judge(good: boolean): 'ok' | 'wrong' | 'locked' | 'not-initialised' {
        this.logins += 1;
        if (!this.#options.initialised) return 'not-initialised';
        if (this.#failures >= this.#options.triesBeforeLock) return 'locked';
        if (good) {
            this.#failures = 0;
            return 'ok';
        }
        this.#failures += 1;
        return 'wrong';
    }

    #serveDvrip(socket: Socket): void {
        const random = String(randomBytes(4).readUInt32BE(0));
        this.#onFrames(socket, 4, (frame) => {
            const answer = Buffer.alloc(32);
            answer[0] = 0xb0;
            if (frame[1] === 0x01) {
                const text = Buffer.from(`Realm:${this.realm}\r\nRandom:${random}\r\n\r\n`);
                answer[1] = 0x01;
                answer.writeUInt32LE(text.length, 4);
                socket.write(Buffer.concat([answer, text]));
            } else if (frame[1] === 0x05) {
                const codes = { ok: '0008', wrong: '0100', locked: '0104', 'not-initialised': '0111' };
                const good = frame.toString('utf8', 32) === dvripLogin(this.#options, this.realm, random);
                Buffer.from(codes[this.#judge(good)], 'hex').copy(answer, 8);
                answer.writeUInt32LE(0x1234, 16);
                Buffer.from('0600f900', 'hex').copy(answer, 24);
                socket.write(answer);
            }
        });
    }

    #serveDhip(socket: Socket): void {
        const random = String(randomBytes(4).readUInt32BE(0));
        this.#onFrames(socket, 16, (frame) => {
            // DVRIP on a port that does not speak it: closed without an answer.
            if (frame.toString('latin1', 4, 8) !== 'DHIP') {
                socket.destroy();
                return;
            }
            const call = JSON.parse(frame.toString('utf8', 32)) as { id: number; params: { password: string } };
            const challenge = { realm: this.realm, random, encryption: 'Default' };
            const codes = { ok: 0, wrong: 268632079, locked: 268632081, 'not-initialised': 268632086 };
            const first = call.params.password === '';
            const verdict = first
                ? 'wrong'
                : this.#judge(call.params.password === gen2Hash(this.#options, this.realm, random));
            const body = Buffer.from(
                JSON.stringify(
                    verdict === 'ok'
                        ? { id: call.id, result: true, session: 77, params: { keepAliveInterval: 60 } }
                        : {
                              id: call.id,
                              result: false,
                              session: 77,
                              error: { code: codes[verdict], message: '' },
                              ...(first ? { params: challenge } : {}),
                          },
                ),
            );
            const head = Buffer.alloc(32);
            head[0] = 0x20;
            head.write('DHIP', 4, 'latin1');
            head.writeUInt32LE(77, 8);
            head.writeUInt32LE(call.id, 12);
            head.writeUInt32LE(body.length, 16);
            head.writeUInt32LE(body.length, 24);
            socket.write(Buffer.concat([head, body]));
        });
    }

    #serveRtsp(socket: Socket): void {
        const nonce = randomBytes(16).toString('hex');
        let held = '';
        socket.on('data', (chunk) => {
            held = (held + chunk.toString('latin1')).slice(-65536);
            for (let end = held.indexOf('\r\n\r\n'); end !== -1; end = held.indexOf('\r\n\r\n')) {
                socket.write(this.#answerRtsp(held.slice(0, end), nonce));
                held = held.slice(end + 4);
            }
        });
    }

    #answerRtsp(request: string, nonce: string): string {
        const [line = '', ...rest] = request.split('\r\n');
        const [method = '', uri = ''] = line.split(' ');
        const header = (name: string) =>
            rest
                .find((one) => one.toLowerCase().startsWith(`${name}:`))
                ?.slice(name.length + 1)
                .trim() ?? '';
        const cseq = `CSeq: ${header('cseq')}\r\n`;
        if (method === 'OPTIONS') {
            return `RTSP/1.0 200 OK\r\n${cseq}Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY\r\n\r\n`;
        }
        if (!this.#rtspLoginIsGood(header('authorization'), method, uri, nonce)) {
            const challenge = `Digest realm="${this.realm}", nonce="${nonce}"`;
            return `RTSP/1.0 401 Unauthorized\r\n${cseq}WWW-Authenticate: ${challenge}\r\n\r\n`;
        }
        if (method !== 'DESCRIBE') return `RTSP/1.0 405 Method Not Allowed\r\n${cseq}\r\n`;
        const sdp =
            'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Simulated recorder\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';
        return `RTSP/1.0 200 OK\r\n${cseq}Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`;
    }

    #rtspLoginIsGood(authorization: string, method: string, uri: string, nonce: string): boolean {
        const md5 = (text: string) => createHash('md5').update(text).digest('hex');
        const { username, password } = this.#options;
        const expected = md5(`${md5(`${username}:${this.realm}:${password}`)}:${nonce}:${md5(`${method}:${uri}`)}`);
        return authorization.includes(`response="${expected}"`);
    }
}

function portOf(server: Server | undefined): number {
    const address = server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
}
