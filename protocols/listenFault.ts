import { Fault, type FaultCode } from './errors';

const CODES: Readonly<Record<string, FaultCode>> = {
    EADDRINUSE: 'PORT_IN_USE',
    EACCES: 'PORT_FORBIDDEN',
    EADDRNOTAVAIL: 'BIND_UNAVAILABLE',
    ENOTFOUND: 'BIND_UNAVAILABLE',
    EINVAL: 'BIND_UNAVAILABLE',
};

/** Why a port could not be opened: PORT_IN_USE, PORT_FORBIDDEN, BIND_UNAVAILABLE, or UNEXPECTED for anything else. */
export function listenFault(thrown: unknown, bind: string, port: number): Fault {
    const code = CODES[(thrown as NodeJS.ErrnoException).code ?? ''];
    return code === undefined ? Fault.from(thrown) : new Fault(code, { details: { bind, port }, cause: thrown });
}
