import { createHash } from 'node:crypto';

const upperMd5 = (text: string) => createHash('md5').update(text, 'utf8').digest('hex').toUpperCase();

/**
 * The eight characters by which the first generation of these devices knew a password (mcw0/DahuaConsole): pairs of
 * MD5 bytes, added, modulo 62, as digit or letter.
 */
export function gen1Hash(password: string): string {
    const digest = createHash('md5').update(password, 'utf8').digest();
    let hash = '';
    for (let at = 0; at < 16; at += 2) {
        const value = ((digest[at] ?? 0) + (digest[at + 1] ?? 0)) % 62;
        hash += String.fromCharCode(value + (value < 10 ? 48 : value < 36 ? 55 : 61));
    }
    return hash;
}

export interface DahuaLogin {
    username: string;
    password: string;
}

/** MD5(user:random:MD5(user:realm:password)), upper case: the login of DVRIP and DHIP with a challenge. */
export function gen2Hash({ username, password }: DahuaLogin, realm: string, random: string): string {
    return upperMd5(`${username}:${random}:${upperMd5(`${username}:${realm}:${password}`)}`);
}

/** What a DVRIP login sends: `user&&GEN2GEN1`. */
export function dvripLogin(login: DahuaLogin, realm: string, random: string): string {
    const gen1 = upperMd5(`${login.username}:${random}:${gen1Hash(login.password)}`);
    return `${login.username}&&${gen2Hash(login, realm, random)}${gen1}`;
}
