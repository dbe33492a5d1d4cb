import type { Socket } from 'node:net';
import type { Clock } from '../clock';
import { plainAddress } from '../plainAddress';
import { Backlog, PIECE } from './backlog';
import { classify, type Framing } from './classifier';
import type { DasSession } from './dasSession';
import type { IsupWarning } from './data';
import { Framer } from './framer';
import { LbsLogin, type LoginDirectory } from './lbsLogin';
import type { IsupLimits } from './limits';
import type { PresenceTable, Source } from './presence';
import { readProxyHeader } from './proxyProtocol';

/** What a connection needs of the listener it came to. */
export interface ConnectionHost {
    readonly clock: Clock;
    readonly limits: IsupLimits;
    readonly table: PresenceTable;
    /** True where a PROXY header comes before anything else. */
    readonly proxied: boolean;
    /** Counts the connection in under the address of the device; false where it is one too many. */
    admit(source: Source): boolean;
    proven(source: Source): void;
    /** Called once, whatever the reason. */
    left(connection: IsupConnection): void;
    directory(connection: IsupConnection): LoginDirectory;
    session(connection: IsupConnection): DasSession;
    onUnknown(connection: IsupConnection, framing: Framing, data: Buffer): void;
    onWarning(warning: IsupWarning): void;
}

type Phase = 'proxy' | 'classify' | 'login' | 'session' | 'mute' | 'closing' | 'gone';

/** A head that is still undecided after this many bytes is nothing we know. */
const MAX_HEAD = 96;
const MAX_SAMPLE = 2048;
/** After the last answer a device has this long to read it. */
const CLOSE_TIMEOUT = 2000;

/** One TCP connection at the ISUP port, whoever is at the other end. It has a deadline, which the listener watches. */
export class IsupConnection {
    source: Source;
    private dialled: Source | undefined;
    admitted = false;
    trusted = false;
    private phase: Phase;
    /** By `Clock.elapsed`; what is not done by then is closed. */
    private deadline: number;
    private head: Buffer = Buffer.alloc(0);
    private framer: Framer | undefined;
    private login: LbsLogin | undefined;
    private das: DasSession | undefined;
    private out: Buffer[] = [];
    /** Where a large request is on its way. */
    private backlog: Backlog | undefined;
    private busy = false;

    constructor(
        private readonly socket: Socket,
        private readonly host: ConnectionHost,
    ) {
        this.source = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
        this.phase = host.proxied ? 'proxy' : 'classify';
        this.deadline = host.clock.elapsed() + host.limits.stepTimeout;
    }

    /** The address and port that the device dialled: asked of the system only where somebody wants to know. */
    get destination(): Source {
        const { localAddress, localPort } = this.socket;
        return this.dialled ?? { address: plainAddress(localAddress ?? ''), port: localPort ?? 0 };
    }

    /** Begins to listen; false where the address already has too many connections, and this one is closed. */
    start(): boolean {
        const { socket } = this;
        socket.on('error', () => this.destroy());
        socket.on('close', () => this.closed());
        if (this.phase !== 'proxy' && !this.admit()) return false;
        socket.setNoDelay(true);
        socket.on('data', (chunk: Buffer) => this.received(chunk));
        // A device that half-closes has nothing more to say; what it asked for is flushed first.
        socket.on('end', () => socket.end());
        return true;
    }

    private admit(): boolean {
        this.admitted = this.host.admit(this.source);
        if (!this.admitted) {
            this.host.onWarning({ what: 'limit', address: this.source.address });
            this.destroy();
        }
        return this.admitted;
    }

    /** Closes what has waited too long. */
    sweep(now: number): void {
        if (this.backlog && this.backlog.stalledFor(now) > this.host.limits.stalled) this.cutOff();
        if (now < this.deadline) return;
        if (this.das) this.das.ended('silence');
        this.destroy();
    }

    destroy(): void {
        this.socket.destroy();
    }

    /** Destroys, and waits until the listener has let go of this connection. */
    end(): Promise<void> {
        return new Promise((resolve) => {
            if (this.phase === 'gone') resolve();
            else this.socket.once('close', () => resolve());
            this.destroy();
        });
    }

    private closed(): void {
        if (this.phase === 'gone') return;
        this.phase = 'gone';
        this.das?.ended('closed');
        this.host.left(this);
    }

    private received(chunk: Buffer): void {
        if (this.phase === 'gone' || this.phase === 'closing' || this.phase === 'mute') return;
        this.busy = true;
        if (this.phase === 'proxy' || this.phase === 'classify') this.open(chunk);
        else {
            this.framer!.push(chunk);
            this.frames();
        }
        this.busy = false;
        this.flush();
    }

    private open(chunk: Buffer): void {
        this.head = this.head.length === 0 ? chunk : Buffer.concat([this.head, chunk]);
        if (this.phase === 'proxy' && !this.unwrap()) return;
        const framing = classify('tcp', this.head);
        if (framing === 'need-more') {
            if (this.head.length > MAX_HEAD) this.mute('unknown');
            return;
        }
        if (framing === 'lbs-auth' || framing === 'lbs-refresh') {
            this.phase = 'login';
            this.login = new LbsLogin(this.host.directory(this));
        } else if (framing === 'mqtt-connect') {
            this.phase = 'session';
            // A login lives for a second; a session may hang for days behind a NAT that forgot it.
            this.socket.setKeepAlive(true, 60_000);
            this.das = this.host.session(this);
        } else {
            this.mute(framing);
            return;
        }
        this.framer = new Framer(this.host.limits.frameBefore);
        this.framer.push(this.head);
        this.head = Buffer.alloc(0);
        this.frames();
    }

    /** Takes the PROXY header off; false while it is not whole, and where there is none. */
    private unwrap(): boolean {
        const header = readProxyHeader(this.head);
        if (header === 'need-more') return false;
        if (header === 'malformed') {
            this.destroy();
            return false;
        }
        if (header.connection) {
            this.source = { ...header.connection.source, address: plainAddress(header.connection.source.address) };
            this.dialled = header.connection.destination;
        }
        this.head = this.head.subarray(header.size);
        this.phase = 'classify';
        return this.admit() && this.head.length > 0;
    }

    /** Never answers: wrong bytes could make a device drop its session or log an attack. */
    private mute(framing: Framing): void {
        this.phase = 'mute';
        this.deadline = this.host.clock.elapsed() + this.host.limits.muteTimeout;
        const data = Buffer.from(this.head.subarray(0, MAX_SAMPLE));
        this.head = Buffer.alloc(0);
        // Bytes that nobody reads must not pile up in the kernel's name for us; the deadline ends it.
        this.socket.resume();
        this.host.onUnknown(this, framing, data);
    }

    private frames(): void {
        const framer = this.framer!;
        let whole = false;
        for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
            if (typeof frame === 'string') {
                this.destroy();
                return;
            }
            whole = true;
            if (this.login) this.step(frame.first, frame.payload, frame.bytes);
            else if (this.das!.frame(frame.bytes) === 'close') this.finish();
            if (this.phase !== 'login' && this.phase !== 'session') return;
        }
        // Half a frame renews nothing: a slow client has its time for each whole one.
        if (whole) this.extend();
    }

    private step(first: number, payload: Buffer, bytes: Buffer): void {
        const step = this.login!.frame(first, payload);
        if (step.reply) this.write(step.reply);
        if (step.close === 'soon') this.finish();
        else if (step.close === 'mute') {
            this.head = bytes;
            this.mute('newer-variant');
        }
    }

    /** A whole frame was read: the next one has its time from now. */
    private extend(): void {
        const { limits, clock } = this.host;
        const known = this.das?.deviceId !== undefined;
        this.deadline = clock.elapsed() + (known ? this.das!.patience : limits.stepTimeout);
    }

    /** The device proved its key: it may send larger frames, and counts no more as one that waits. */
    trust(): void {
        if (this.framer) this.framer.limit = this.host.limits.frameAfter;
        if (this.trusted) return;
        this.trusted = true;
        this.host.proven(this.source);
    }

    write(bytes: Buffer): void {
        if (this.phase === 'gone' || this.socket.destroyed) return;
        this.out.push(bytes);
        if (!this.busy) this.flush();
    }

    /** What one chunk caused goes out in one piece. */
    private flush(): void {
        if (this.out.length > 0 && !this.socket.destroyed) {
            this.send(this.out.length === 1 ? this.out[0]! : Buffer.concat(this.out));
        }
        this.out = [];
        if (this.phase === 'closing' && !this.backlog) this.socket.end();
    }

    private send(bytes: Buffer): void {
        const { limits, clock } = this.host;
        if (!this.backlog && bytes.length <= PIECE) {
            this.socket.write(bytes);
            if (this.socket.writableLength > limits.unsent) this.cutOff();
            return;
        }
        // What a request brings says nothing about the device yet: whether it takes that is seen in time.
        const backlog = this.backlog ?? new Backlog(this.socket, clock, () => this.caughtUp());
        this.backlog = backlog;
        backlog.add(bytes);
        if (backlog.waiting > limits.backlog) this.cutOff();
    }

    private caughtUp(): void {
        this.backlog = undefined;
        if (this.phase === 'closing') this.socket.end();
    }

    private cutOff(): void {
        this.host.onWarning({ what: 'slow-client', address: this.source.address });
        this.destroy();
    }

    /** Says what is left to say and closes. */
    private finish(): void {
        this.phase = 'closing';
        this.deadline = this.host.clock.elapsed() + CLOSE_TIMEOUT;
        if (!this.busy) this.flush();
    }
}
