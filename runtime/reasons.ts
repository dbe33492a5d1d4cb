/**
 * The reasons inside faults (`details.reason`) that are our own words, by the key under which the catalogues carry them
 * (`reasons.<key>`). Faults hold them in English, because the layers below know no languages; what a device or the system
 * says stays as it was said. A test finds every such reason in the sources.
 */
export const REASONS = {
    'text-expected': 'text is expected',
    'not-a-number': '“{value}” is not a number',
    'not-between': '{value} is not between {min} and {max}',
    'not-whole': '{value} is not a whole number',
    'none-of': '“{value}” is none of {choices}',
    'not-a-channel': '“{value}” is not a channel number',
    'object-expected': 'an object is expected',
    'login-needed': 'a user name and a password are needed for it',
    'path-characters': 'only letters, digits and - . _ ~ / % are possible',
    'port-needed': 'at least one port is needed',
    'too-many-ports': 'more than {number} are not possible',
    'port-twice': 'a local port is named twice',
    'remote-port': 'a port of the recorder is 1 to 65535',
    'local-port': 'a local port is 0 (next free) to 65535',
    'not-keys': 'it is not a JSON object of Device IDs',
    'device-id-missing': 'the Device ID is missing',
    'not-a-range': '“{value}” is neither an address nor a range such as 192.168.1.0/24',
    'fingerprint-digits': 'a SHA-256 fingerprint has 64 hexadecimal digits',
    'port-range': 'ports go from 1 to 65535',
    'serial-characters': 'only letters and digits',
    'host-only': 'only a name or an address belongs there, without protocol, port or path',
    'basic-colon': 'Basic login cannot carry a name with a colon',
    'tls-not-there': 'the chosen TLS configuration is missing, disabled or not deployed yet',
    'no-own-address': 'no address of this machine leads to the device: write the one that it must call',
    'not-an-address': '“{value}” is neither an address nor a name',
    'not-a-url': '“{value}” is no URL',
    'no-web-server': 'this Node-RED runs without a web server for flows (httpNodeRoot is off); use an own port',
    'tunnel-command': 'open, close, status or query is expected',
    'no-path': 'neither the node nor the message has one',
    empty: 'it is empty',
    'names-host': 'it names a host',
    'too-long': 'it is too long',
    'control-characters': 'it holds control characters',
    'line-break': 'it holds a line break',
    'begins-slash': 'it must begin with /',
    'not-http-method': 'it is no HTTP method',
    'header-characters': '{header} holds characters that no header may hold',
    'no-method': '“{value}” is no method',
    'header-unusable': 'the header “{value}” is not usable',
    'one-root': 'XML needs exactly one root element, and here is {found}',
    'root-list': 'the root is a list',
    'buffer-inside': 'a Buffer lies inside the object',
    'contains-itself': 'the object contains itself',
    'not-an-element': '“{value}” is no name of an element',
    'is-a': 'it is a {type}',
    'buffer-expected': 'a Buffer is expected',
    'longer-than': 'it is longer than {number} characters',
    'number-expected': 'a number is expected',
    'whole-expected': 'a whole number is expected',
    'less-than': 'it is less than {number}',
    'more-than': 'it is more than {number}',
    'boolean-expected': 'true or false is expected',
    'not-among': 'it is none of {choices}',
    'time-such-as': 'a time such as 2026-11-20T08:00:00-03:00 is expected',
    'time-expected': 'a time is expected',
    'not-json': 'it is not JSON',
    'number-or-all': 'a number or “all” is expected',
    'offset-such-as': 'an offset such as +03:00 is expected',
    'not-a-picture': 'it is no URL of a picture',
    'path-of-device': 'a path that the device gave is expected',
    'wants-condition': 'this search wants its {condition}',
    'has-no': 'its {root} has no {path}',
    'no-element': 'it has no element',
    begins: 'it begins “{text}”',
    'holds-no': 'it holds no {answer}',
    'bytes-of-type': '{bytes} bytes of type {type}',
    'document-of-type': 'the device sent a document of type {type}',
    'bytes-no-event': '{bytes} bytes held no event',
    'audio-connection': 'sound cannot be sent over this kind of connection',
    'audio-codec': 'the channel speaks {codec}; set it to G.711 in the audio page of the device',
    'larger-64': 'it is larger than 64 MiB',
    'no-history': 'this model or firmware keeps no history that can be asked for',
    'has-doors': 'it has the doors {first} to {last}',
    'doors-take': 'its doors take {commands} and not {command}',
    'no-alarm-hosts': 'it lists no alarm hosts',
    'panel-no-streams': 'a panel has no streams here',
    'isup-no-stream': 'an ISUP session carries no event stream; its alarms come out of isup-in',
    'search-no-page': 'the search gave no page',
    'answers-else': 'the device answers something else',
    'no-finder': 'there is none',
    'no-reason': 'it gives no reason',
    paged: 'a paged operation is read by its pages',
    'saved-document': 'a document was saved as a file',
    'other-host': 'it is not for {host}',
    'handshake-closed': 'the device closed the connection during the handshake',
    'login-again': 'it asks for a login again and again',
    'web-page': 'a web page',
    'no-event': 'no event in it',
    'neither-format': 'neither XML nor JSON',
    'no-text': 'no text in it',
    'list-too-long': 'the list is longer than the device hands out',
    'body-too-much': 'the body holds more than any device sends at once',
    'first-events': 'only the first {number} events of it were read',
    'rows-untold': 'it says neither how many rows there are nor that it has none',
    'form-unknown': 'its form is unknown',
    'login-missing': 'it brought no login',
    'login-unreadable': 'its login cannot be read',
    'login-kind': 'its login is of another kind',
    'login-path': 'its login is for another path',
    'login-wrong': 'user name or password is wrong',
    'login-old': 'its login is too old',
    'login-used': 'its login was used before',
    'not-wav': 'it is not a WAV file',
    'wav-no-format': 'the WAV file does not say its format',
    'wav-no-audio': 'the WAV file holds no audio',
    'wav-cut': 'the format of the WAV file is cut off',
    'wav-channels': '{channels} channels at {rate} Hz make no sense',
    'wav-format': 'format {code} with {bits} bits is not known',
    'no-challenge': 'it holds no challenge',
    'no-dvrip': 'it is no DVRIP',
    'speaks-no-dvrip': 'it does not speak DVRIP',
    'no-dhip': 'it is no DHIP',
    'no-json': 'it is no JSON',
    'no-object': 'it is no object',
    'no-reason-given': 'no reason given',
    'no-invitation': 'it does not answer the invitation',
    'ended-at-once': 'it ended at once',
    'no-hole': 'no hole opened',
    'no-hole-no-relay': 'no hole opened and the relay failed',
    'was-closed': 'it was closed',
    'is-closed': 'it is closed',
    'no-answer': 'no answer',
    'nothing-more': 'nothing arrived any more',
    'client-stopped': 'a client stopped reading',
    'library-not-loaded': 'the library is not loaded',
    'windows-library': 'it is a Windows library',
    'linux-library': 'it is a Linux library',
    'head-damaged': 'its head is damaged or of an unknown machine',
    'init-gave': 'init gave {code}',
    'key-refused': 'the server refuses the key',
    'server-unreached': 'it does not reach its server',
    'too-many-faults': 'too many faults in the XML',
} as const satisfies Record<string, string>;

export interface FoundReason {
    key: keyof typeof REASONS;
    details: Record<string, string>;
}

/** Reasons quote what was given only in part; whatever is longer is not ours. */
const LONGEST = 600;

const PATTERNS = Object.entries(REASONS)
    .map(([key, template]) => ({ key: key as FoundReason['key'], template, pattern: patternOf(template) }))
    // The most particular first: “it is a Linux library” is no “it is a {type}”.
    .sort((one, other) => fixedLength(other.template) - fixedLength(one.template));

/** The key of an English reason, and what it quotes; undefined for the words of others. */
export function findReason(reason: string): FoundReason | undefined {
    if (reason.length > LONGEST) return undefined;
    for (const { key, pattern } of PATTERNS) {
        const found = pattern.exec(reason);
        if (found !== null) return { key, details: { ...found.groups } };
    }
    return undefined;
}

function patternOf(template: string): RegExp {
    const parts = template.split(/\{(\w+)\}/);
    const source = parts.map((part, at) => (at % 2 === 0 ? escaped(part) : `(?<${part}>.{0,300}?)`)).join('');
    return new RegExp(`^${source}$`, 's');
}

function escaped(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function fixedLength(template: string): number {
    return template.replace(/\{\w+\}/g, '').length;
}
