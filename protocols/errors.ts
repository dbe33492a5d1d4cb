/**
 * The one list of what can go wrong, for every wire.
 *
 * A code names the fault, the sentence says it, the remedy says what to do about it. Sentences may hold
 * `{placeholders}` that are filled from `details`; neither ever holds a secret. The editor's catalogues carry the same
 * codes in each language (`errors.<CODE>` and `remedies.<CODE>`).
 */
export const FAULTS = {
    CONFIG_INVALID: {
        sentence: 'The setting “{field}” is not usable: {reason}.',
        remedy: 'Open the node and correct it.',
    },
    HOST_MISSING: { sentence: 'The device has no host.', remedy: 'Open device-config and fill in its address.' },
    DEVICE_MISSING: {
        sentence: 'No device is chosen.',
        remedy: 'Open the node and choose or create a device-config.',
    },
    DEVICE_FOREIGN: {
        sentence: 'The chosen device-config belongs to another Node-RED pack.',
        remedy: 'Two packs use the type name device-config: remove one of them, then create the device again.',
    },
    HOST_NOT_FOUND: {
        sentence: 'The name {host} cannot be resolved.',
        remedy: 'Check the spelling of the host and the DNS server of this machine.',
    },
    CONNECT_REFUSED: {
        sentence: '{host}:{port} refuses the connection.',
        remedy: 'Check the port and that the HTTP service of the device is on.',
    },
    CONNECT_UNREACHABLE: {
        sentence: '{host}:{port} cannot be reached from this network.',
        remedy: 'Check the address, the route and the VPN.',
    },
    CONNECT_TIMEOUT: {
        sentence: '{host}:{port} did not answer within {ms} ms.',
        remedy: 'Check that the device is powered and that no firewall lies between.',
    },
    CONNECTION_LOST: {
        sentence: 'The device closed the connection before its answer was complete.',
        remedy: 'Usually it recovers by itself; if it repeats, look at the network and the number of clients of the device.',
    },
    RESPONSE_TIMEOUT: {
        sentence: 'The device did not answer within {ms} ms.',
        remedy: 'Raise the timeout, or ask less of the device at a time.',
    },
    RESPONSE_MALFORMED: {
        sentence: 'The answer of the device is not HTTP: {reason}.',
        remedy: 'Check that host and port belong to the web service of the device and that http or https is right.',
    },
    RESPONSE_TOO_LARGE: {
        sentence: 'The answer is larger than {limit} bytes.',
        remedy: 'Ask for less, or save the answer to a file.',
    },
    REQUEST_TOO_LARGE: {
        sentence: 'The request is larger than {limit} bytes, the most that an ISUP session carries.',
        remedy: 'Send less at a time, or reach the device directly.',
    },
    REDIRECTED: {
        sentence: 'The device redirects to {location}.',
        remedy: 'Set protocol and port in device-config to that address; credentials are not sent along a redirect.',
    },
    TLS_UNTRUSTED: {
        sentence: 'The certificate of the device is not trusted: {reason}.',
        remedy: 'Pin its fingerprint, add its CA in a TLS configuration, or accept any certificate of this device.',
    },
    TLS_PIN_MISMATCH: {
        sentence: 'The certificate of the device is not the pinned one; it shows {fingerprint}.',
        remedy: 'If the device was replaced or reset, pin the new fingerprint; otherwise somebody may be in between.',
    },
    TLS_FAILED: {
        sentence: 'No TLS connection with the device: {reason}.',
        remedy: 'Check that the port speaks HTTPS; old firmware may need a TLS configuration that admits old versions.',
    },
    AUTH_MISSING: {
        sentence: 'The device asks for a login and device-config has no user name or password.',
        remedy: 'Open device-config and fill in both.',
    },
    AUTH_UNSUPPORTED: {
        sentence: 'The device offers only the login methods {offered}, which are not allowed here.',
        remedy: 'Set the authentication to “Automatic” in device-config, or change it in the security page of the device.',
    },
    AUTH_REJECTED: {
        sentence: 'User name or password is wrong.',
        remedy: 'Correct them in device-config and deploy; nothing is tried again before that, so that the device is not locked. Door stations answer the same to a user who may not read events: use an administrator there.',
    },
    AUTH_LOCKED: {
        sentence: 'The device has locked this address until {until}.',
        remedy: 'Wait until then, or restart the device; check that no other service still uses the old password.',
    },
    AUTH_BLOCKED: {
        sentence: 'No login is tried before {until}, because the last one was refused.',
        remedy: 'Correct the password in device-config and deploy, which allows one attempt at once.',
    },
    FORBIDDEN: {
        sentence: 'The device forbids this to the user: {reason}.',
        remedy: 'Give the user the permission (for events: “Notify Surveillance Center”) in the user page of the device.',
    },
    NO_SLOT: {
        sentence: 'The device has no free connection for another event stream.',
        remedy: 'Close other clients (recorder, Frigate, Home Assistant), or raise the limit of connections of the device.',
    },
    NOT_FOUND: {
        sentence: 'The device does not know {path}.',
        remedy: 'Check the path and that ISAPI (or CGI) is enabled on the device.',
    },
    NOT_SUPPORTED: {
        sentence: 'The device does not support this: {reason}.',
        remedy: 'Choose another way in or another operation for this model.',
    },
    DEVICE_BUSY: { sentence: 'The device is busy.', remedy: 'Ask again later.' },
    HTTP_STATUS: { sentence: 'The device answered HTTP {status}.', remedy: 'Look at the answer in the error.' },
    STREAM_ENDED: {
        sentence: 'The device ended the event stream.',
        remedy: 'It is opened again by itself.',
    },
    STREAM_STALLED: {
        sentence: 'Nothing arrived for {seconds} s, not even a heartbeat.',
        remedy: 'It is opened again by itself; if it repeats, look at the network or raise the watchdog.',
    },
    STREAM_NOT_EVENTS: {
        sentence: 'The answer is not an event stream: {reason}.',
        remedy: 'Check that the host is the device itself and that ISAPI is enabled.',
    },
    PART_UNREADABLE: {
        sentence: 'A part of the stream holds no event that can be read: {reason}.',
        remedy: 'The stream goes on; please report the device and firmware if it repeats.',
    },
    PARTS_LOST: {
        sentence: '{parts} parts of the stream ({bytes} bytes) could not be read: {reason}.',
        remedy: 'The stream goes on; please report the device and firmware if it repeats.',
    },
    FRAMING_LOST: {
        sentence: 'The stream could not be read any more: {reason}.',
        remedy: 'It is opened again by itself; please report the device and firmware.',
    },
    HISTORY_INCOMPLETE: {
        sentence: 'The history of the device cannot be read to its end: {reason}.',
        remedy: 'Ask for a shorter span of time; a firmware update often helps.',
    },
    CATCH_UP_UNSUPPORTED: {
        sentence: 'Missed events cannot be fetched from this device ({family}): {reason}.',
        remedy: 'What happens while nobody listens is lost unless the device sends it again itself: let it post its alarms to alarm-http-in, too, with resending (httpBroken) on. Of cameras and recorders the alarm log can be read (catchUpLog of isapi-alertstream).',
    },
    CATCH_UP_FAILED: {
        sentence: 'Missed events could not be fetched yet: {reason}.',
        remedy: 'It is tried again by itself; until then events come out as they happen, and the missed ones come later.',
    },
    LOG_INCOMPLETE: {
        sentence: 'The log of the device could not be read whole for {from} to {until}: {reason}.',
        remedy: 'What was read has come out. Look into the log on the page of the device for the rest.',
    },
    EVENTS_LOST: {
        sentence:
            'Up to {count} events are lost: the device has the numbers {first} to {last} neither on its stream nor in its log.',
        remedy: 'Either its log was cleared or overwritten, or it does not log these events; look at the size of the log and at how long nobody listened.',
    },
    SERIALS_RESET: {
        sentence: 'The device counts its events anew: {before} was its last number, now it is at {after}.',
        remedy: 'That is so after a factory reset. What its new log holds comes out; what the old one held is gone.',
    },
    MARK_UNSAVED: {
        sentence: 'How far the events of the device were read could not be kept: {reason}.',
        remedy: 'Check the context store of Node-RED. Without it nothing is fetched that was missed during a restart.',
    },
    EVENTS_REFUSED: {
        sentence: 'The device does not report all events that it was asked for: {events}.',
        remedy: 'Look at the events that this model supports, and take the others out of the list.',
    },
    PORT_IN_USE: {
        sentence: 'Port {port} on {bind} is in use by another program or node.',
        remedy: 'Choose another port, or stop the other one.',
    },
    PORT_FORBIDDEN: {
        sentence: 'This user may not open port {port}.',
        remedy: 'Choose a port above 1023.',
    },
    BIND_UNAVAILABLE: {
        sentence: 'The address {bind} does not belong to this machine.',
        remedy: 'Use 0.0.0.0 for all addresses, or one of this machine.',
    },
    PATH_IN_USE: {
        sentence: 'The path {path} is already taken by another alarm-http-in on the same port.',
        remedy: 'Give each node its own path.',
    },
    PATH_UNKNOWN: {
        sentence: 'A post from {address} went to {path}, where no node listens.',
        remedy: 'Correct the URL in the listening host settings of the device, or the path of the node.',
    },
    REQUEST_MALFORMED: {
        sentence: 'What {address} sent is not HTTP: {reason}.',
        remedy: 'Check that the device uses HTTP or HTTPS as the node does, and that nothing else uses this port.',
    },
    METHOD_NOT_ALLOWED: {
        sentence: 'A {method} request brought no alarm.',
        remedy: 'Devices use POST or PUT, or GET with the event in the query string.',
    },
    SOURCE_NOT_ALLOWED: {
        sentence: 'A post from {address} was refused: it is not in the allow list.',
        remedy: 'Add the address to the allowed ones if the device is yours.',
    },
    POST_UNAUTHENTICATED: {
        sentence: 'A post from {address} was refused: {reason}.',
        remedy: 'Set the same user name and password in the listening host settings of the device.',
    },
    BODY_TOO_LARGE: {
        sentence: 'A post from {address} was larger than {limit} bytes.',
        remedy: 'Raise the size limit if the device really sends that much.',
    },
    BODY_TIMEOUT: {
        sentence: 'A post from {address} did not arrive within {seconds} s.',
        remedy: 'Look at the uplink of the device; what had arrived is delivered.',
    },
    BODY_TRUNCATED: {
        sentence: 'A post from {address} was cut off after {bytes} bytes.',
        remedy: 'Look at the uplink of the device; what had arrived is delivered.',
    },
    BODY_UNREADABLE: {
        sentence: 'A post from {address} holds no event: {reason}.',
        remedy: 'Set the parameter format of the listening host to XML or JSON; the raw body is in the message.',
    },
    TOO_MANY_REQUESTS: {
        sentence: '{address} sends too many posts at a time.',
        remedy: 'Look at what the device repeats; posts beyond the limit are refused until it calms down.',
    },
    NOT_ACTIVATED: {
        sentence: 'The device has not been activated yet.',
        remedy: 'Give it its first password in its web page or with the tool of its maker, then try again.',
    },
    DEVICE_ERROR: {
        sentence: 'The device reports an error of its own: {reason}.',
        remedy: 'Ask again later; if it repeats, look at the log of the device or restart it.',
    },
    REQUEST_INVALID: {
        sentence: 'The device does not accept what was sent: {reason}.',
        remedy: 'Compare the values with what the device admits.',
    },
    OPERATION_UNKNOWN: {
        sentence: 'There is no ready operation “{operation}”.',
        remedy: 'Choose one of the list in the node, or “Any request” with a path.',
    },
    PARAMETER_MISSING: {
        sentence: 'The parameter “{parameter}” is missing.',
        remedy: 'Fill it in in the node, or set it in msg.params.',
    },
    PARAMETER_INVALID: {
        sentence: 'The parameter “{parameter}” is not usable: {reason}.',
        remedy: 'Correct it in the node or in msg.params.',
    },
    PATH_INVALID: {
        sentence: 'The path “{path}” is not usable: {reason}.',
        remedy: 'A path begins with / and names no host: the device is chosen in the node.',
    },
    BODY_INVALID: {
        sentence: 'The body cannot be sent: {reason}.',
        remedy: 'Send text, a Buffer, or an object with one root element for XML.',
    },
    ANSWER_UNREADABLE: {
        sentence: 'The answer cannot be read as {expected}: {reason}.',
        remedy: 'Set “Answer as” to text or Buffer to see it as it came.',
    },
    ANSWER_INCOMPLETE: {
        sentence: 'The device did not hand over the whole list: {reason}.',
        remedy: 'Ask for a shorter time span.',
    },
    FILE_NOT_WRITTEN: {
        sentence: 'The file {file} could not be written: {reason}.',
        remedy: 'Check the folder, its permissions and the space on the disk.',
    },
    FILE_NOT_READ: {
        sentence: 'The file {file} could not be read: {reason}.',
        remedy: 'Check the path and the permissions.',
    },
    SLOT_TAKEN: {
        sentence: 'Slot {slot} of the device already posts to {host}.',
        remedy: 'Choose another slot, or say explicitly that it is to be replaced.',
    },
    NO_FREE_HOST: {
        sentence: 'All {count} listening hosts of the device are in use.',
        remedy: 'Free one in the network pages of the device, or name the slot that is to be replaced.',
    },
    AUDIO_UNREADABLE: {
        sentence: 'The audio cannot be used: {reason}.',
        remedy: 'Give a WAV file, or bare 16-bit PCM with its rate.',
    },
    AUDIO_BUSY: {
        sentence: 'The audio channel is already in use by this Node-RED.',
        remedy: 'Wait until the other clip has been played.',
    },
    POSITION_NOT_REACHED: {
        sentence: 'The camera did not come to rest within {seconds} s.',
        remedy: 'Raise the waiting time, or check that the preset exists.',
    },
    P2P_SERIAL_MISSING: {
        sentence: 'The device has no P2P serial number.',
        remedy: 'Open device-config and fill in the serial number, as printed on the label or shown in the P2P page of the recorder.',
    },
    P2P_CLOUD_SILENT: {
        sentence: 'The P2P server {server} does not answer.',
        remedy: 'Check that this machine may send UDP to the internet (port 8800 and high ports).',
    },
    P2P_CLOUD_REFUSED: {
        sentence: 'The P2P server {server} refuses this client: {reason}.',
        remedy: 'Check the cloud chosen in device-config; for a custom cloud check its user and key.',
    },
    P2P_CLOCK_WRONG: {
        sentence: 'The P2P server {server} refuses the time of this machine.',
        remedy: 'Set the clock of this machine by NTP.',
    },
    P2P_NOT_IN_CLOUD: {
        sentence: 'The serial number {serial} is not known in the cloud {cloud}.',
        remedy: 'Check the serial number. A recorder that is registered only at Intelbras Cloud needs the vendor library (backend).',
    },
    P2P_DEVICE_OFFLINE: {
        sentence: 'The recorder {serial} is not online in the cloud {cloud}.',
        remedy: 'Check its internet connection and that P2P is on. If it is registered only at Intelbras Cloud, use the vendor library (backend).',
    },
    P2P_LOGIN_MISSING: {
        sentence: 'The recorder asks for a login already in the P2P cloud.',
        remedy: 'Open device-config and fill in the user name and password of the recorder.',
    },
    P2P_LOGIN_REJECTED: {
        sentence: 'The recorder refuses the P2P login ({reason}).',
        remedy: 'Correct user name and password in device-config and deploy; nothing is tried again before that, so that the recorder is not locked.',
    },
    P2P_NO_ROUTE: {
        sentence: 'No way to the recorder {serial} was found: {reason}.',
        remedy: 'Set the route to “Direct, else relay”, and check that this machine may send UDP to any port.',
    },
    P2P_RELAY_SILENT: {
        sentence: 'The relay of the P2P cloud does not answer.',
        remedy: 'Usually it recovers by itself; it is tried again.',
    },
    P2P_SESSION_LOST: {
        sentence: 'The P2P session with the recorder {serial} is lost: {reason}.',
        remedy: 'It is built again by itself; if it repeats, look at the network of the recorder.',
    },
    P2P_PORT_REFUSED: {
        sentence: 'The recorder refuses its port {port}.',
        remedy: 'Check that the service is on and that its port was not changed on the recorder.',
    },
    P2P_PORTS_EXHAUSTED: {
        sentence: 'No local port is free between {from} and {to}.',
        remedy: 'Close tunnels that are not needed, or choose local ports.',
    },
    P2P_TOO_MANY_TUNNELS: {
        sentence: 'There are already {limit} tunnels.',
        remedy: 'Close tunnels that are not needed, or set an idle time so that they close by themselves.',
    },
    SDK_FOLDER_MISSING: {
        sentence: 'There is no P2P library in {folder}.',
        remedy: 'Set the folder that holds IBCloudSDK.dll with all its companions (for example the folder of SIM Next), or libt2u.',
    },
    SDK_KOFFI_MISSING: {
        sentence: 'The module koffi, which calls the P2P library, is not installed.',
        remedy: 'Run npm install koffi in the user directory of Node-RED (beside the 32-bit Node for a 32-bit library) and restart.',
    },
    SDK_WRONG_ARCHITECTURE: {
        sentence: 'The P2P library {library} is {needed}, and the Node that shall load it is {actual}.',
        remedy: 'Set the path of a node.exe of the same kind in the tunnel node; the last 32-bit Windows line is Node 22.',
    },
    SDK_LIBRARY_UNREADABLE: {
        sentence: '{library} is not a library for this system: {reason}.',
        remedy: 'Copy it again from the installation of the vendor.',
    },
    SDK_LOAD_FAILED: {
        sentence: 'The P2P library {library} cannot be loaded: {reason}.',
        remedy: 'Copy all libraries of the vendor into one folder: it needs its companions (libt2u, Infra, NetFramework and others).',
    },
    SDK_SYMBOL_MISSING: {
        sentence: 'The P2P library {library} has no function {symbol}.',
        remedy: 'Use IBCloudSDK.dll, or a libt2u with the t2u functions; another file may have the same name.',
    },
    SDK_START_FAILED: {
        sentence: 'The P2P library could not start: {reason}.',
        remedy: 'Check the internet connection of this machine; it is tried again.',
    },
    SDK_HELPER_LOST: {
        sentence: 'The helper process of the P2P library ended: {reason}.',
        remedy: 'It is started again by itself; if it repeats, check the library and the Node that loads it.',
    },
    SDK_PORT_FAILED: {
        sentence: 'The P2P library gave no tunnel to port {port} of {serial}.',
        remedy: 'The recorder may be offline, or the local port may be in use by another program.',
    },
    ISUP_OFFLINE: {
        sentence: 'The device {deviceId} is not online at the ISUP listener.',
        remedy: 'Look at the presence messages of isup-in; in the device, check Platform Access: server, port, Device ID and key.',
    },
    ISUP_LISTENER_MISSING: {
        sentence: 'No isup-in listens for this device.',
        remedy: 'Open device-config, choose the isup-in at which the device registers, and deploy; look at its status.',
    },
    ISUP_NO_PASSTHROUGH: {
        sentence: 'The device {deviceId} speaks EHome {protocol}, which carries no ISAPI.',
        remedy: 'Set Platform Access of the device to version 5.0, or reach it directly.',
    },
    ISUP_SESSION_ENDED: {
        sentence: 'The ISUP session of {deviceId} ended before the answer came.',
        remedy: 'The device logs in again by itself: ask again when it is online.',
    },
    ISUP_NO_ALARM_SLOT: {
        sentence: 'The device {deviceId} has no free alarm host: all are in use by others.',
        remedy: 'Free one of its alarm hosts (Network, Advanced, Alarm Server), then let the device reconnect.',
    },
    CLOSED: { sentence: 'The node was closed.', remedy: 'Nothing to do: this happens at every deploy.' },
    UNEXPECTED: {
        sentence: 'Something unexpected failed: {reason}.',
        remedy: 'Please report it with the log of Node-RED.',
    },
} as const satisfies Record<string, { sentence: string; remedy: string }>;

export type FaultCode = keyof typeof FAULTS;

export type FaultDetails = Record<string, string | number>;

/** What an ISAPI `ResponseStatus` said, in XML or JSON (reference: ISAPI guide, status codes). */
export interface IsapiStatus {
    statusCode?: number;
    statusString?: string;
    subStatusCode?: string;
    errorCode?: number;
    errorMsg?: string;
}

export interface FaultContext {
    details?: FaultDetails;
    /** HTTP status, where there was an answer. */
    status?: number;
    isapi?: IsapiStatus;
    /** Epoch milliseconds at which the device, or our breaker, admits the next login. */
    unlockAt?: number;
    /** Logins that the device still admits before it locks. */
    triesLeft?: number;
    cause?: unknown;
}

/** Fills `{placeholders}`; one that has no detail is left out, so that no brace ever reaches a user. */
export function fillSentence(sentence: string, details: FaultDetails = {}): string {
    return sentence.replace(/\{(\w+)\}/g, (_all, name: string) => String(details[name] ?? '?'));
}

/** An error with a code of {@link FAULTS}; its message is the English sentence, ready for a log. */
export class Fault extends Error {
    readonly code: FaultCode;
    readonly remedy: string;
    readonly details: FaultDetails;
    readonly status?: number;
    readonly isapi?: IsapiStatus;
    readonly unlockAt?: number;
    readonly triesLeft?: number;

    constructor(code: FaultCode, context: FaultContext = {}) {
        const details = context.details ?? {};
        super(
            fillSentence(FAULTS[code].sentence, details),
            context.cause === undefined ? {} : { cause: context.cause },
        );
        this.name = 'Fault';
        this.code = code;
        this.remedy = FAULTS[code].remedy;
        this.details = details;
        if (context.status !== undefined) this.status = context.status;
        if (context.isapi !== undefined) this.isapi = context.isapi;
        if (context.unlockAt !== undefined) this.unlockAt = context.unlockAt;
        if (context.triesLeft !== undefined) this.triesLeft = context.triesLeft;
    }

    /** Any thrown value as a Fault; a Fault stays itself. */
    static from(thrown: unknown): Fault {
        if (thrown instanceof Fault) return thrown;
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        return new Fault('UNEXPECTED', { details: { reason }, cause: thrown });
    }
}
