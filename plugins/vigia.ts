import type { NodeAPI } from 'node-red';
import { deviceBoard } from '../runtime/sidebar/deviceBoard';
import { addSidebarRoutes } from '../runtime/sidebar/routes';

/** What `settings.js` may say under `vigia`. */
interface VigiaSettings {
    /** False: the Devices sidebar shows no pictures and none are kept for it. */
    sidebarPictures?: boolean;
    /** False: the debug sidebar shows no pictures and none are kept for it. */
    debugPictures?: boolean;
}

/** The server half of the Devices sidebar and of the pictures in the debug sidebar. */
export = (RED: NodeAPI): void => {
    const { sidebarPictures = true, debugPictures = true } = (RED.settings as { vigia?: VigiaSettings }).vigia ?? {};
    const endFeeds = addSidebarRoutes(RED, deviceBoard);
    /** Editors that are open, by the sessions of their connections. */
    const editors = new Map<string, () => void>();
    const came = ({ session }: { session: string }) => editors.set(session, deviceBoard.recent.enter());
    const went = ({ session }: { session: string }) => {
        editors.get(session)?.();
        editors.delete(session);
    };

    const plugin = {
        type: 'vigia',
        // The editor half reads these two, too.
        settings: {
            '*': { value: undefined, exportable: false },
            sidebarPictures: { value: true, exportable: true },
            debugPictures: { value: true, exportable: true },
        },
        onadd: () => {
            if (sidebarPictures) deviceBoard.shelf.open();
            if (!debugPictures) return;
            RED.events.on('comms:connection-added', came);
            RED.events.on('comms:connection-removed', went);
        },
        onremove: () => {
            RED.events.off('comms:connection-added', came);
            RED.events.off('comms:connection-removed', went);
            endFeeds();
            deviceBoard.close();
        },
    };
    RED.plugins.registerPlugin('vigia', plugin);
};
