import { isIPv4 } from 'node:net';
import { at, compact } from '../documents/fields';
import { readJson } from '../documents/readJson';
import { decodeText } from '../documents/readText';
import { type Answer, macText, portNumber, shortText } from './found';

/**
 * The search of Dahua and its brands (Intelbras among them): JSON behind a DHIP header of 32 bytes in UDP datagrams.
 * Header, question and answer are the same in UniversalScanner, in the debug console of mcw0/Tools and in
 * rroller/dahua, which saw four device families answer and bare JSON get no answer at all.
 *
 * Not confirmed: what the bits of `Init` mean. Whether a device has its first password is therefore left open.
 */
export const DH_GROUP = '239.255.255.251';
export const DH_PORT = 37_810;

const HEADER = 32;
const QUESTION = '{ "method" : "DHDiscover.search", "params" : { "mac" : "", "uni" : 1 } }\n';

export function dhProbe(): Buffer {
    const body = Buffer.from(QUESTION);
    const header = Buffer.alloc(HEADER);
    header[0] = HEADER;
    header.write('DHIP', 4, 'latin1');
    header.writeUInt32LE(body.length, 16);
    header.writeUInt32LE(body.length, 24);
    return Buffer.concat([header, body]);
}

/**
 * Reads a datagram.
 * @param source where it came from
 * @returns `undefined` for anything that is no answer, our own question among it
 */
export function readDhAnswer(datagram: Buffer, source: string): Answer | undefined {
    if (datagram.toString('latin1', 4, 8) !== 'DHIP') return undefined;
    // The header grew on some firmware; the body begins where its JSON does, and may end in zero bytes.
    const start = datagram.indexOf('{');
    const end = datagram.lastIndexOf('}');
    if (start < 0 || end < start) return undefined;
    const message = readJson(decodeText(datagram.subarray(start, end + 1)).text);
    const info = at(message, 'params/deviceInfo');
    if (typeof info !== 'object' || info === null) return undefined;
    const field = (name: string) => at(info, name);
    const address = shortText(field('IPv4Address/IPAddress'));
    return compact<Answer>({
        protocol: 'dhdiscover',
        vendor: 'dahua',
        address: address !== undefined && isIPv4(address) && address !== '0.0.0.0' ? address : source,
        httpPort: portNumber(field('HttpPort')),
        name: shortText(field('MachineName')),
        model: shortText(field('DeviceType')),
        serial: shortText(field('SerialNo')),
        mac: macText(at(message, 'mac')) ?? macText(field('Mac')),
        firmware: shortText(field('Version')),
    });
}
