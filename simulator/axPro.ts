import { createHash, randomBytes } from 'node:crypto';
import { readXmlBody } from './bodies';
import type { Exchange } from './exchange';
import { HttpDevice, type HttpDeviceOptions } from './httpDevice';
import type { Handler } from './routes';

export interface AxProOptions extends HttpDeviceOptions {
    username?: string;
    password?: string;
    /** Older firmware has no second salt. */
    secondSalt?: boolean;
    /** The cookie comes in the body instead of a header. */
    cookieInBody?: boolean;
    /** Where `{code}` must come with every command. */
    keypadCode?: string;
}

interface Zone {
    id: number;
    name: string;
    status: 'online' | 'trigger';
    bypassed: boolean;
}

const ALL = '0xffffffff';

/** A stand-in for an AX Pro alarm panel: session login, subsystems, zones (petrleocompel/hikaxpro). */
export class AxPro extends HttpDevice {
    readonly armed = new Map<number, 'disarm' | 'away' | 'stay'>([
        [1, 'disarm'],
        [2, 'disarm'],
    ]);
    readonly zones: Zone[] = [
        { id: 0, name: 'Porta da frente', status: 'online', bypassed: false },
        { id: 1, name: 'Sala ', status: 'online', bypassed: false },
    ];
    /** Logins that were tried. */
    attempts = 0;
    readonly #options: AxProOptions;
    readonly #salts = { salt: randomBytes(32).toString('hex'), salt2: randomBytes(32).toString('hex') };
    readonly #sessions = new Set<string>();
    #challenge = '';

    constructor(options: AxProOptions = {}) {
        super(options);
        this.#options = options;
        const open = (method: string, path: string, handler: Handler) => this.routes.add(method, path, handler, true);
        open('GET', '/ISAPI/Security/sessionLogin/capabilities', (exchange) => this.#offer(exchange));
        open('POST', '/ISAPI/Security/sessionLogin', (exchange) => this.#login(exchange));
        const inside = (method: string, path: string, handler: Handler) =>
            open(method, path, (exchange) =>
                this.#knows(exchange) ? handler(exchange) : exchange.send(401, undefined, ''),
            );
        inside('PUT', '/ISAPI/Security/sessionHeartbeat', (exchange) => exchange.outcome('ok'));
        inside('GET', '/ISAPI/SecurityCP/status/zones', (exchange) =>
            exchange.json({ ZoneList: this.zones.map((zone) => ({ Zone: zone })) }),
        );
        inside('GET', '/ISAPI/SecurityCP/status/subSystems', (exchange) =>
            exchange.json({
                SubSysList: [...this.armed].map(([id, arming]) => ({
                    SubSys: { id, arming, alarm: false, enabled: true },
                })),
            }),
        );
        for (const action of ['arm', 'disarm', 'clearAlarm']) {
            inside('PUT', `/ISAPI/SecurityCP/control/${action}/{id}`, (exchange) => this.#control(exchange, action));
        }
        inside('PUT', '/ISAPI/SecurityCP/control/bypass/{zone}', (exchange) => this.#bypass(exchange, true));
        inside('PUT', '/ISAPI/SecurityCP/control/Recoverbypass/{zone}', (exchange) => this.#bypass(exchange, false));
    }

    /** The panel restarts its web service: nobody is logged in any more. */
    forgetSessions(): void {
        this.#sessions.clear();
    }

    #offer(exchange: Exchange): void {
        this.#challenge = randomBytes(16).toString('hex');
        exchange.xml('SessionLoginCap', {
            sessionID: randomBytes(32).toString('hex'),
            challenge: this.#challenge,
            iterations: 100,
            isIrreversible: true,
            sessionIDVersion: 2.1,
            salt: this.#salts.salt,
            ...(this.#options.secondSalt !== false && { salt2: this.#salts.salt2 }),
        });
    }

    #login(exchange: Exchange): void {
        this.attempts += 1;
        const sent = readXmlBody(exchange.body)?.content;
        const { username = 'admin', password = 'Vigia2026', cookieInBody } = this.#options;
        if (sent?.userName !== username || sent.password !== this.#expected(username, password)) {
            const refusal = '<userCheck><statusValue>401</statusValue><retryLoginTime>2</retryLoginTime></userCheck>';
            exchange.sendXml(refusal, 401);
            return;
        }
        const session = randomBytes(16).toString('hex');
        this.#sessions.add(session);
        if (!cookieInBody) {
            exchange.response.setHeader('Set-Cookie', `WebSession_${session.slice(0, 4)}=${session}; path=/; HttpOnly`);
        }
        exchange.xml('SessionLogin', { statusValue: 200, ...(cookieInBody && { sessionID: session }) });
    }

    #expected(username: string, password: string): string {
        const hash = (text: string) => createHash('sha256').update(text).digest('hex');
        let result = hash(username + this.#salts.salt + password);
        if (this.#options.secondSalt !== false) result = hash(username + this.#salts.salt2 + result);
        result = hash(result + this.#challenge);
        for (let round = 2; round < 100; round += 1) result = hash(result);
        return result;
    }

    #knows(exchange: Exchange): boolean {
        const cookie = /=([0-9a-f]{32})/.exec(exchange.request.headers.cookie ?? '')?.[1];
        return cookie !== undefined && this.#sessions.has(cookie);
    }

    #control(exchange: Exchange, action: string): void {
        const { keypadCode } = this.#options;
        const id = exchange.params.id!;
        const subsystems = id === ALL ? [...this.armed.keys()] : [Number(id)].filter((one) => this.armed.has(one));
        if (keypadCode !== undefined && !exchange.body.includes(keypadCode)) exchange.outcome('lowPrivilege');
        else if (subsystems.length === 0) exchange.outcome('badParameters');
        else {
            const ways = exchange.query.get('ways') === 'stay' ? 'stay' : 'away';
            const state = action === 'arm' ? ways : 'disarm';
            if (action !== 'clearAlarm') for (const subsystem of subsystems) this.armed.set(subsystem, state);
            exchange.outcome('ok');
        }
    }

    #bypass(exchange: Exchange, bypassed: boolean): void {
        const zone = this.zones.find((one) => one.id === Number(exchange.params.zone));
        if (zone !== undefined) zone.bypassed = bypassed;
        exchange.outcome(zone === undefined ? 'badParameters' : 'ok');
    }
}
