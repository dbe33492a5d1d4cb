import { Fault } from '../protocols/errors';
import {
    HttpClient,
    type HttpClientOptions,
    type HttpRequest,
    type HttpResponse,
    type HttpStream,
} from '../protocols/http/client';
import type { LoginKind } from '../protocols/http/login';
import type { SourceLease } from '../protocols/p2p/sharedSources';
import type { DeviceLink } from './link';
import type { P2pAccess } from './p2pAccess';

/**
 * A device reached through the P2P cloud: HTTP as ever, over connections inside the session, without any local port.
 * The session is built with the first request and given back when the device closes.
 */
export class P2pLink implements DeviceLink {
    readonly #client: HttpClient;
    readonly #access: P2pAccess;
    #lease: SourceLease | undefined;
    #closed = false;

    /** @param options host is only a name for messages and the Host header; `port` is the recorder's own */
    constructor(access: P2pAccess, options: Omit<HttpClientOptions, 'connect' | 'host'>) {
        this.#access = access;
        this.#client = new HttpClient({
            ...options,
            host: '127.0.0.1',
            connect: ({ port }) => {
                if (this.#closed) throw new Fault('CLOSED');
                this.#lease ??= this.#access.acquire();
                return this.#lease.source.connect(port);
            },
        });
    }

    get lastLogin(): LoginKind | undefined {
        return this.#client.lastLogin;
    }

    request(request: HttpRequest): Promise<HttpResponse> {
        return this.#client.request(request);
    }

    open(request: HttpRequest): Promise<HttpStream> {
        return this.#client.open(request);
    }

    close(): void {
        this.#closed = true;
        this.#client.close();
        const lease = this.#lease;
        this.#lease = undefined;
        lease?.release();
    }
}
