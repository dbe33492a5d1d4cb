import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../errors';

/** `IBCloud_*` (IBCloudSDK.dll) or `t2u_*` (libt2u). */
export type LibraryFlavour = 'ibcloud' | 't2u';

/** As `process.arch` names them. */
export type Architecture = 'ia32' | 'x64' | 'arm' | 'arm64';

export interface LibraryFile {
    path: string;
    folder: string;
    flavour: LibraryFlavour;
    format: 'pe' | 'elf';
    architecture: Architecture;
}

const NAMES: readonly [string, LibraryFlavour][] = [
    ['IBCloudSDK.dll', 'ibcloud'],
    ['libIBCloudSDK.so', 'ibcloud'],
    ['IBCloudSDK.so', 'ibcloud'],
    ['libt2u.dll', 't2u'],
    ['libt2u.so', 't2u'],
];

const PE_MACHINES: Readonly<Record<number, Architecture>> = { 332: 'ia32', 34404: 'x64', 43620: 'arm64', 452: 'arm' };
const ELF_MACHINES: Readonly<Record<number, Architecture>> = { 3: 'ia32', 62: 'x64', 183: 'arm64', 40: 'arm' };
const HEADER_BYTES = 4096;

/**
 * What the head of a library says of the machine it is made for: PE `Machine` at `e_lfanew` + 4, ELF `e_machine` at 18.
 * Undefined where it is neither, or for a machine that Node does not run on.
 */
export function readArchitecture(head: Buffer): Pick<LibraryFile, 'format' | 'architecture'> | undefined {
    if (head.length >= 20 && head.readUInt32BE(0) === 0x7f454c46) {
        const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
        const architecture = ELF_MACHINES[machine];
        return architecture && { format: 'elf', architecture };
    }
    if (head.length >= 64 && head.toString('latin1', 0, 2) === 'MZ') {
        const at = head.readUInt32LE(0x3c);
        if (at + 6 > head.length || head.toString('latin1', at, at + 4) !== 'PE\0\0') return undefined;
        const architecture = PE_MACHINES[head.readUInt16LE(at + 4)];
        return architecture && { format: 'pe', architecture };
    }
    return undefined;
}

function readHead(path: string): Buffer {
    const file = openSync(path, 'r');
    try {
        const head = Buffer.alloc(HEADER_BYTES);
        return head.subarray(0, readSync(file, head, 0, HEADER_BYTES, 0));
    } finally {
        closeSync(file);
    }
}

/**
 * Finds the vendor's library in a folder (or takes the file itself) and checks its head before anything is loaded.
 *
 * @throws Fault SDK_FOLDER_MISSING, SDK_LIBRARY_UNREADABLE
 */
export function findLibrary(sdkPath: string, platform: NodeJS.Platform = process.platform): LibraryFile {
    const missing = () => new Fault('SDK_FOLDER_MISSING', { details: { folder: sdkPath || '(no folder is set)' } });
    if (!sdkPath || !existsSync(sdkPath)) throw missing();
    const isFile = statSync(sdkPath).isFile();
    const found: LibraryFile[] = [];
    let unreadable: string | undefined;
    for (const [name, flavour] of NAMES) {
        const path = isFile ? sdkPath : join(sdkPath, name);
        if (isFile ? basename(sdkPath).toLowerCase() !== name.toLowerCase() : !existsSync(path)) continue;
        const head = readArchitecture(readHead(path));
        if (head) found.push({ path, folder: dirname(path), flavour, ...head });
        else unreadable = name;
    }
    const format = platform === 'win32' ? 'pe' : 'elf';
    const usable = found.find((file) => file.format === format);
    if (usable) return usable;
    const other = found[0];
    if (other) {
        const reason = other.format === 'pe' ? 'it is a Windows library' : 'it is a Linux library';
        throw new Fault('SDK_LIBRARY_UNREADABLE', { details: { library: basename(other.path), reason } });
    }
    if (unreadable) {
        const reason = 'its head is damaged or of an unknown machine';
        throw new Fault('SDK_LIBRARY_UNREADABLE', { details: { library: unreadable, reason } });
    }
    throw missing();
}
