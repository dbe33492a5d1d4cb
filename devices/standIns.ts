import { createHmac, randomBytes } from 'node:crypto';

/** What tells one device, site or person from another, by the element or key that holds it. */
const IDENTIFYING = new Set(
    (
        'deviceName name Name channelName deviceID serialNumber subSerialNumber serialNo DeviceSN devSerialNo macAddress mac ' +
        'MACAddress physicalAddress ipAddress ipv4Address ipv6Address IPAddress remoteHostAddr hostName host domainName ' +
        'address location systemContact systemLocation userName user ssid SSID url httpUrl pictureURL picUrl faceURL ' +
        'MachineName SerialNo channelUUID UUID uuid taskID FDID PID employeeNo employeeNoString cardNo cardReaderNo ' +
        'licensePlate plateNo plateNumber originalLicensePlate phoneNo phoneNumber email emailAddress longitude latitude ' +
        'certificateNo idNum personName customName deviceUUID bindingPhone serialNumberEx telecontrolID'
    ).split(' '),
);

/** What nobody but the device and its users may know: it is not even hinted at. */
const SECRET =
    /pass(?:word|wd|phrase)?$|secret|token|^key$|(?:private|encrypt\w*|psk|isup|ehome)key$|salt|nonce|challenge/i;

/** Words that identify nothing, and addresses of nobody. */
const KEPT = /^(?:|0|1|true|false|none|null|admin|http|https|unknown|0\.0\.0\.0|::|127\.0\.0\.1|255[\d.]*|\/)$/i;

/** Capabilities tell with these whether there is a password at all. */
const FLAG = /^(?:true|false)$/i;

const XML_LEAF = /<([\w:.-]+)(?:\s[^<>]*)?>([^<>]+)<\//g;
const JSON_TEXT = /"([^"\\]{1,64})"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d[\d.]*))/g;
const LINE = /^([^\r\n=]{1,128})=([^\r\n]*)$/gm;
const MAC = /\b[\da-f]{2}(?:[:-][\da-f]{2}){5}\b/gi;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;

/** Other words may stand anywhere by chance (a channel called “Camera”): they are replaced in their elements only. */
const TELLING = /^(?=.{5})(?=.*[\d\s])/;

/**
 * Replaces what identifies, the same by the same wherever it stands and by as many characters of the same kinds, so that
 * lengths, forms and relations stay as they were. The stand-ins of two objects of this class differ.
 */
export class StandIns {
    readonly #salt = randomBytes(16);
    readonly #known = new Map<string, string>();

    /** Looks through a text for what is to be replaced. @param text bounded by the caller */
    learn(text: string): void {
        for (const [, name, value] of leaves(text)) {
            if (SECRET.test(name) || KEPT.test(value)) continue;
            if (IDENTIFYING.has(name)) this.of(value);
        }
        for (const [address] of text.matchAll(MAC)) this.of(address);
        for (const [address] of text.matchAll(IPV4)) if (isAddress(address)) this.of(address);
    }

    /** The text with everything replaced that was learned from any text so far, and without its secrets. */
    apply(text: string): string {
        let replaced = '';
        let from = 0;
        for (const [whole, name, value, at] of leaves(text)) {
            const start = at + whole.lastIndexOf(value);
            if (start < from || value === '') continue;
            const other =
                SECRET.test(name) && !FLAG.test(value)
                    ? '*'.repeat(value.length)
                    : IDENTIFYING.has(name)
                      ? (this.#known.get(value) ?? value)
                      : value;
            replaced += text.slice(from, start) + other;
            from = start + value.length;
        }
        replaced += text.slice(from);
        return this.#anywhere(replaced);
    }

    /** The stand-in of one value. */
    of(value: string): string {
        if (KEPT.test(value)) return value;
        const known = this.#known.get(value);
        if (known !== undefined) return known;
        const standIn = this.#make(value);
        this.#known.set(value, standIn);
        return standIn;
    }

    #anywhere(text: string): string {
        const long = [...this.#known].filter(([value]) => TELLING.test(value));
        const words = long.map(([value]) => value).sort((one, other) => other.length - one.length);
        const made = new Set(long.map(([, standIn]) => standIn));
        if (words.length === 0) return text;
        const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|');
        return text.replace(new RegExp(`(?<![\\p{L}\\d])(?:${pattern})(?![\\p{L}\\d])`, 'gu'), (word) =>
            made.has(word) ? word : this.#known.get(word)!,
        );
    }

    #make(value: string): string {
        const draw = this.#lot(value.toLowerCase());
        if (isAddress(value))
            return value
                .split('.')
                .map((part) => octet(part, draw()))
                .join('.');
        if (/^[\da-f]{2}(?:[:-][\da-f]{2}){5}$/i.test(value)) {
            // The second digit marks an address that no maker gave out.
            const digit = (at: number) => (at === 0 ? '0' : at === 1 ? '2' : (draw() % 16).toString(16));
            const upper = /[A-F]/.test(value);
            return value.replace(/[\da-f]/gi, (_old, at: number) => (upper ? digit(at).toUpperCase() : digit(at)));
        }
        // What is escaped in XML or JSON stays, and a number begins as numbers do.
        return value.replace(/&#?\w+;|\\u[\da-f]{4}|\\.|\p{L}|\d/giu, (old, at: number) => {
            if (old.length > 1 && /^[&\\]/.test(old)) return old;
            return at === 0 && /[1-9]/.test(old) ? String(1 + (draw() % 9)) : letter(old, draw());
        });
    }

    /** Numbers that depend on the value and on the salt of this object only. */
    #lot(value: string): () => number {
        let block = Buffer.alloc(0);
        let round = 0;
        let at = 0;
        return () => {
            if (at >= block.length) {
                block = createHmac('sha256', this.#salt).update(`${round}:${value}`).digest();
                round += 1;
                at = 0;
            }
            const number = block[at]!;
            at += 1;
            return number;
        };
    }
}

function isAddress(text: string): boolean {
    return (
        /^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) &&
        text.split('.').every((part) => Number(part) < 256) &&
        !KEPT.test(text)
    );
}

/** A part of an address with as many digits. */
function octet(part: string, lot: number): string {
    if (part.length === 1) return String(1 + (lot % 9));
    return String(part.length === 2 ? 10 + (lot % 90) : 100 + (lot % 100));
}

/** A letter or digit of the same kind and as many bytes. */
function letter(old: string, lot: number): string {
    if (/\d/.test(old)) return String(lot % 10);
    const bytes = Buffer.byteLength(old);
    if (bytes === 2) return 'áéíóúãõç'[lot % 8]!;
    if (bytes > 2) return '甲乙丙丁戊己庚辛'[lot % 8]!;
    const drawn = String.fromCharCode(97 + (lot % 26));
    return old === old.toUpperCase() ? drawn.toUpperCase() : drawn;
}

/** Names and values of XML, JSON and `key=value` lines: whole match, name, value, position. */
function* leaves(text: string): Generator<[string, string, string, number]> {
    const start = text.slice(0, 200).trimStart();
    if (start.startsWith('<')) {
        for (const match of text.matchAll(XML_LEAF)) {
            yield [match[0], match[1]!.replace(/^.*:/, ''), match[2]!.trim(), match.index];
        }
    } else if (start.startsWith('{') || start.startsWith('[')) {
        for (const match of text.matchAll(JSON_TEXT)) {
            yield [match[0], match[1]!, match[2] ?? match[3] ?? '', match.index];
        }
    } else {
        for (const match of text.matchAll(LINE)) {
            yield [match[0], match[1]!.replace(/^.*[.\]]/, ''), match[2]!, match.index];
        }
    }
}
