import type { Exchange } from './exchange';
import type { Handler } from './routes';

export interface SnapshotSource {
    /** undefined: the channel exists but gives no picture (video loss). */
    takePicture(channel: number, size: { width?: number; height?: number }): Buffer | undefined;
    channels(): number[];
}

const LARGEST_SIDE = 1920;

/**
 * `GET …/Streaming/channels/{sid}/picture` and its detour over StreamingProxy; `sid` is channel × 100 + stream.
 * `videoResolutionWidth` alone keeps the shape of the picture.
 */
export function addSnapshots(
    route: (method: string, pattern: string, handler: Handler) => void,
    source: SnapshotSource,
): void {
    const answer = (exchange: Exchange) => {
        const channel = Math.floor(Number(exchange.params.sid) / 100);
        if (!source.channels().includes(channel)) {
            exchange.outcome('badParameters');
            return;
        }
        const picture = source.takePicture(channel, sizeOf(exchange.query));
        if (picture === undefined) exchange.outcome('deviceError');
        else exchange.jpeg(picture);
    };
    route('GET', '/ISAPI/Streaming/channels/{sid}/picture', answer);
    route('GET', '/ISAPI/ContentMgmt/StreamingProxy/channels/{sid}/picture', answer);
}

function sizeOf(query: URLSearchParams): { width?: number; height?: number } {
    const side = (name: string) => {
        const value = Number(query.get(name));
        return Number.isInteger(value) && value >= 16 && value <= LARGEST_SIDE ? value : undefined;
    };
    const width = side('videoResolutionWidth');
    const height = side('videoResolutionHeight') ?? (width && Math.round((width * 9) / 16));
    return { ...(width && { width }), ...(height && { height }) };
}
