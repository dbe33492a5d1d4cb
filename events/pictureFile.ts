import type { DeviceEvent, Picture, PictureRole } from './deviceEvent';

export interface PictureFormat {
    contentType: string;
    extension: string;
    width?: number;
    height?: number;
}

/** Segments of a JPEG that are looked at: the size stands behind a handful of tables, and a thumbnail or two. */
const MAX_SEGMENTS = 100;

/** The format of a picture by its first bytes: devices send JPEG as `image/pjpeg` or `application/octet-stream`. */
export function pictureFormat(data: Buffer, declared?: string): PictureFormat {
    if (data.length >= 2 && data.readUInt16BE(0) === 0xffd8) return readJpeg(data);
    if (data.length >= 24 && data.readUInt32BE(0) === 0x89504e47) {
        const format = { contentType: 'image/png', extension: 'png' };
        const width = data.readUInt32BE(16);
        const height = data.readUInt32BE(20);
        return width > 0 && height > 0 ? { ...format, width, height } : format;
    }
    if (data.length >= 2 && data.toString('latin1', 0, 2) === 'BM')
        return { contentType: 'image/bmp', extension: 'bmp' };
    if (data.length >= 6 && /^GIF8[79]a$/.test(data.toString('latin1', 0, 6))) {
        return { contentType: 'image/gif', extension: 'gif' };
    }
    const said =
        declared !== undefined && /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(declared) && !/^image\/p?jpe?g$/.test(declared);
    return { contentType: said ? declared : 'application/octet-stream', extension: 'bin' };
}

function readJpeg(data: Buffer): PictureFormat {
    const format: PictureFormat = { contentType: 'image/jpeg', extension: 'jpg' };
    let offset = 2;
    for (let segment = 0; segment < MAX_SEGMENTS && offset + 9 <= data.length; segment += 1) {
        if (data[offset] !== 0xff) break;
        const marker = data[offset + 1]!;
        if (marker === 0xff) {
            offset += 1;
            continue;
        }
        // Start of frame, in any of its kinds; C4, C8 and CC are tables.
        if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
            const height = data.readUInt16BE(offset + 5);
            const width = data.readUInt16BE(offset + 7);
            if (width > 0 && height > 0) Object.assign(format, { width, height });
            break;
        }
        if (marker === 0xda || marker === 0xd9) break;
        offset += 2 + data.readUInt16BE(offset + 2);
    }
    return format;
}

/** One word of a file name: ASCII letters, digits, dot and hyphen, so that it means the same to every file system. */
function safeWord(text: string, longest = 40): string {
    return text
        .slice(0, 200)
        .normalize('NFKD')
        .replace(/[\u0300-\u036f]/g, '')
        .replace(/ß/g, 'ss')
        .replace(/[^A-Za-z0-9.]+/g, '-')
        .replace(/\.{2,}/g, '.')
        .slice(0, longest)
        .replace(/^[-.]+|[-.]+$/g, '');
}

/**
 * A file name that sorts by time and says what the picture is: `20261120-143207_portaria_3_line-crossing_1.jpg`. It has
 * no separators and no control characters, whatever the device calls itself.
 *
 * @param number counts the pictures of the event from 1
 */
export function pictureFilename(event: DeviceEvent, number: number, extension: string): string {
    const digits = event.time.slice(0, 19).replace(/\D/g, '');
    const { name, id, address, serial, mac } = event.device;
    const device = safeWord(name ?? '') || safeWord(id ?? address ?? serial ?? mac ?? '') || 'device';
    const kind = safeWord(event.kind) || 'event';
    return `${digits.slice(0, 8)}-${digits.slice(8)}_${device}_${event.channel ?? 0}_${kind}_${number}.${extension}`;
}

export interface PictureSource {
    body: Buffer;
    contentType?: string;
    truncated: boolean;
}

export function makePicture(source: PictureSource, role: PictureRole, event: DeviceEvent, number: number): Picture {
    const { contentType, extension, width, height } = pictureFormat(source.body, source.contentType);
    const picture: Picture = {
        role,
        contentType,
        filename: pictureFilename(event, number, extension),
        data: source.body,
    };
    if (width !== undefined) picture.width = width;
    if (height !== undefined) picture.height = height;
    if (source.truncated) picture.truncated = true;
    return picture;
}
