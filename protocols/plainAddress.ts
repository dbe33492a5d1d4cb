/** An IPv4 address that came in over an IPv6 socket (`::ffff:192.0.2.1`) is that IPv4 address; a zone is of this machine only. */
export function plainAddress(address: string): string {
    if (!address.includes(':')) return address;
    return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
}
