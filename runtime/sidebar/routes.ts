import type { NodeAPI } from 'node-red';
import { BoardFeeds } from './boardFeed';
import type { DeviceBoard } from './deviceBoard';

/** Bytes of a Buffer that the debug sidebar gets by default; more are not needed to find a picture. */
const LONGEST_HEAD = 1000;

/** Where the Devices sidebar and the debug sidebar ask, for users who may read. @returns ends the feeds */
export function addSidebarRoutes(RED: NodeAPI, board: DeviceBoard): () => void {
    const feeds = new BoardFeeds(board);
    const read = RED.auth.needsPermission('vigia.read');

    RED.httpAdmin.get('/vigia/devices', read, (request, response) => feeds.serve(request, response));

    // The id of a device may hold a slash.
    RED.httpAdmin.get('/vigia/picture', read, (request, response) => {
        const { device } = request.query;
        const picture = typeof device === 'string' ? board.picture(device) : undefined;
        sendPicture(response, picture);
    });

    /** `{ length, head }`: the whole of a picture of which the debug sidebar knows the beginning, in hexadecimal. */
    RED.httpAdmin.post('/vigia/picture', read, (request, response) => {
        const { length, head } = (request.body ?? {}) as { length?: unknown; head?: unknown };
        const known = typeof length === 'number' && typeof head === 'string' && head.length <= 2 * LONGEST_HEAD;
        const bytes = known ? Buffer.from(head, 'hex') : Buffer.alloc(0);
        sendPicture(response, bytes.length > 0 ? board.recent.find(length as number, bytes) : undefined);
    });

    return () => feeds.close();
}

interface PictureResponse {
    sendStatus(status: number): unknown;
    set(headers: Record<string, string>): unknown;
    end(body: Buffer): unknown;
}

function sendPicture(response: PictureResponse, picture: { data: Buffer; contentType: string } | undefined): void {
    if (picture === undefined) {
        response.sendStatus(404);
        return;
    }
    response.set({
        'Content-Type': picture.contentType,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
    });
    response.end(picture.data);
}
