import type { HttpRequest, HttpResponse, HttpStream } from '../protocols/http/client';
import type { LoginKind } from '../protocols/http/login';

/** The way to a device: directly, through a tunnel, or through the device's own session. */
export interface DeviceLink {
    /** One request and its whole answer. Rejects with a Fault. */
    request(request: HttpRequest): Promise<HttpResponse>;
    /** A request whose answer is read as it comes, on a connection of its own. Rejects with a Fault. */
    open(request: HttpRequest): Promise<HttpStream>;
    /** How the device last let us in; nothing before it did, or where there is no login of its own. */
    readonly lastLogin?: LoginKind | undefined;
    /** Ends everything under way with Fault CLOSED; leaves no socket and no timer. */
    close(): void;
}
