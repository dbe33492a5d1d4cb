import type { P2pWay } from '../../devices/p2pAccess';
import { Fault } from '../../protocols/errors';
import { DEFAULT_PORTS, type PortWish, type TunnelService } from '../../protocols/p2p/portPlan';
import { Fields, type SavedConfig } from '../fields';

/** What a new `intelbras-p2p-tunnel` holds. */
export const INTELBRAS_P2P_TUNNEL_DEFAULTS: SavedConfig = {
    name: '',
    device: '',
    backend: 'auto',
    route: 'auto',
    ports: DEFAULT_PORTS,
    bind: '127.0.0.1',
    open: 'deploy',
    idle: 0,
    sdkPath: '',
    sdkNode: '',
    version: 1,
};

export interface IntelbrasP2pTunnelSettings extends P2pWay {
    device: string;
    ports: PortWish[];
    bind: string;
    open: 'deploy' | 'message';
    /** Milliseconds; 0 = never close. */
    idle: number;
}

const SERVICES: readonly TunnelService[] = ['sdk', 'rtsp', 'http', 'custom'];
const MOST_PORTS = 20;

/** @throws Fault CONFIG_INVALID naming the field */
export function readIntelbrasP2pTunnel(
    config: SavedConfig,
    expand: (text: string) => string,
): IntelbrasP2pTunnelSettings {
    const fields = new Fields(config, INTELBRAS_P2P_TUNNEL_DEFAULTS, expand);
    return {
        device: fields.text('device'),
        backend: fields.oneOf('backend', ['auto', 'native', 'sdk']),
        route: fields.oneOf('route', ['auto', 'direct', 'relay']),
        ports: readPorts(config.ports ?? DEFAULT_PORTS),
        bind: fields.text('bind') || '127.0.0.1',
        open: fields.oneOf('open', ['deploy', 'message']),
        idle: fields.number('idle', { min: 0, max: 7 * 86_400 }) * 1000,
        sdkPath: fields.text('sdkPath'),
        sdkNode: fields.text('sdkNode'),
    };
}

/**
 * Reads a list of ports, from the node or from a message; numbers may be texts, and a bare number is the recorder's.
 *
 * @throws Fault CONFIG_INVALID
 */
export function readPorts(value: unknown): PortWish[] {
    if (!Array.isArray(value) || value.length === 0) throw invalid('at least one port is needed');
    if (value.length > MOST_PORTS) throw invalid(`more than ${MOST_PORTS} are not possible`);
    const ports = value.map(readPort);
    const locals = ports.map(({ local }) => local).filter((local) => local > 0);
    if (new Set(locals).size < locals.length) throw invalid('a local port is named twice');
    return ports;
}

function readPort(entry: unknown): PortWish {
    const item = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : { remote: entry };
    const remote = Number(item.remote);
    const local = Number(item.local ?? 0);
    if (!Number.isInteger(remote) || remote < 1 || remote > 65535)
        throw invalid('a port of the recorder is 1 to 65535');
    if (!Number.isInteger(local) || local < 0 || local > 65535) throw invalid('a local port is 0 (next free) to 65535');
    const service = SERVICES.find((name) => name === item.service) ?? 'custom';
    return { service, remote, local };
}

function invalid(reason: string): Fault {
    return new Fault('CONFIG_INVALID', { details: { field: 'ports', reason } });
}
