import { isIPv4 } from 'node:net';
import { compact, textAt } from '../documents/fields';
import { decodeText } from '../documents/readText';
import { readXml } from '../documents/readXml';
import { type Answer, macText, portNumber, shortText } from './found';

/**
 * Search Active Devices Protocol of Hikvision and its brands: XML in bare UDP datagrams. Group, port, probe and the names
 * in the answer are the same in cameronnewman/hikvision-tooling and in UniversalScanner; there is no public document of
 * the vendor. Older firmware answers to the group, newer to the sender.
 */
export const SADP_GROUP = '239.255.255.250';
export const SADP_PORT = 37_020;

/** The question. @param uuid upper case, with hyphens and without braces */
export function sadpProbe(uuid: string): Buffer {
    const xml = `<?xml version="1.0" encoding="utf-8"?>\n<Probe>\n<Uuid>${uuid}</Uuid>\n<Types>inquiry</Types>\n</Probe>\n`;
    return Buffer.from(xml);
}

/**
 * Reads a datagram.
 * @param source where it came from
 * @returns `undefined` for anything that is no answer, our own question among it
 */
export function readSadpAnswer(datagram: Buffer, source: string): Answer | undefined {
    // Some answers carry bytes of another framing in front of the document.
    const start = datagram.indexOf('<');
    if (start < 0 || start > 64) return undefined;
    const document = readXml(decodeText(datagram.subarray(start)).text);
    const field = (name: string) => shortText(textAt(document, `ProbeMatch/${name}`));
    const address = field('IPv4Address');
    const isAnswer = field('DeviceSN') !== undefined || field('MAC') !== undefined || address !== undefined;
    if (!isAnswer) return undefined;
    const activated = field('Activated')?.toLowerCase();
    return compact<Answer>({
        protocol: 'sadp',
        vendor: 'hikvision',
        address: address !== undefined && isIPv4(address) && address !== '0.0.0.0' ? address : source,
        httpPort: portNumber(field('HttpPort')),
        // What the device calls its description is the model.
        model: field('DeviceDescription'),
        serial: field('DeviceSN'),
        mac: macText(field('MAC')),
        firmware: field('SoftwareVersion'),
        activated: activated === 'true' ? true : activated === 'false' ? false : undefined,
    });
}
