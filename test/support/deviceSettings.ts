import type { DeviceSettings } from '../../devices/device';
import { LOGIN } from './requests';

/** A device on this machine of which only port and login are told; `more` says what a test wants otherwise. */
export function deviceSettings(port: number, more: Partial<DeviceSettings> = {}): DeviceSettings {
    return {
        name: '',
        vendor: 'auto',
        link: 'direct',
        host: '127.0.0.1',
        port,
        protocol: 'http',
        verify: 'verify',
        fingerprint: '',
        auth: 'auto',
        timeout: 10_000,
        maxSockets: 1,
        p2p: { serial: '', cloud: 'easy4ip', cloudServer: '', cloudUser: '', cloudKey: '' },
        ...LOGIN,
        ...more,
    };
}
