/**
 * The identity with which a client presents itself to a DHP2P cloud.
 *
 * The constants are public: they lie in the vendor's client programs and in khoanguyen-3fc/dh-p2p and
 * undervolter/dh-fwd. They identify the program, not a user. Servers rotate them from time to time and OEM clouds have
 * their own, so every field can be replaced.
 */
export interface CloudProfile {
    /** Short name for messages: `easy4ip`, `dmss`, or the host of a custom cloud. */
    name: string;
    host: string;
    port: number;
    username: string;
    key: string;
    /** `dh`: DHGET/DHPOST as SmartPSS speaks it; `nf`: NFGET/NFPOST with the extra headers of the DMSS app. */
    dialect: 'dh' | 'nf';
}

const CLOUD_PORT = 8800;

export const EASY4IP: CloudProfile = {
    name: 'easy4ip',
    host: 'www.easy4ipcloud.com',
    port: CLOUD_PORT,
    username: 'cba1b29e32cb17aa46b8ff9e73c7f40b',
    key: '996103384cdf19179e19243e959bbf8b',
    dialect: 'dh',
};

export const DMSS: CloudProfile = {
    name: 'dmss',
    host: 'p2p.dolynkcloud.com',
    port: CLOUD_PORT,
    username: '793k5zdi4dd5f037sooag8yo_dolynkc',
    key: 'ef8hatgmcuk4qamgg4fxx19x33s9q1xy',
    dialect: 'nf',
};

export interface CloudChoice {
    cloud: 'easy4ip' | 'dmss' | 'custom';
    /** `host` or `host:port`; replaces the server of any cloud. */
    server?: string;
    username?: string;
    key?: string;
}

/** The profile behind the settings of a device; a custom cloud speaks the dialect of Easy4IP. */
export function chooseProfile(choice: CloudChoice): CloudProfile {
    const base = choice.cloud === 'dmss' ? DMSS : EASY4IP;
    const profile = { ...base };
    if (choice.server) {
        const colon = choice.server.lastIndexOf(':');
        const port = colon === -1 ? Number.NaN : Number(choice.server.slice(colon + 1));
        profile.host = colon === -1 ? choice.server : choice.server.slice(0, colon);
        if (Number.isInteger(port) && port > 0 && port < 65536) profile.port = port;
    }
    if (choice.username) profile.username = choice.username;
    if (choice.key) profile.key = choice.key;
    if (choice.cloud === 'custom') profile.name = profile.host;
    return profile;
}
