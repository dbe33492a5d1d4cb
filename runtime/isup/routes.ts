import type { NodeAPI } from 'node-red';
import { isOfType, savedCredentials } from '../admin/savedCredentials';
import type { IsupCredentials } from '../settings/isupIn';
import { keyedIds, mergeKeys, readKeyChanges } from './keys';
import { isupListeners } from './listeners';
import { presenceListMessage } from './messages';

/** What the editor, and whoever may use its API, asks of an `isup-in`. To be called once, when its module is loaded. */
export function addIsupRoutes(RED: NodeAPI): void {
    const read = RED.auth.needsPermission('isup-in.read');
    const write = RED.auth.needsPermission('isup-in.write');

    /** Presence of every device, as JSON. */
    RED.httpAdmin.get('/isup-in/:id/presence', read, (request, response) => {
        const listener = isupListeners.find(String(request.params.id));
        if (listener === undefined) response.sendStatus(404);
        else response.json(listener.rows());
    });

    /** Sends the same list into the flow: for a broker or a dashboard that started after the listener. */
    RED.httpAdmin.post('/isup-in/:id/presence', write, (request, response) => {
        const id = String(request.params.id);
        const listener = isupListeners.find(id);
        if (listener === undefined) {
            response.sendStatus(404);
            return;
        }
        RED.nodes.getNode(id)?.send([presenceListMessage(listener.rows()), null]);
        response.sendStatus(204);
    });

    /** The Device IDs that have a key of their own, without the keys. */
    RED.httpAdmin.get('/isup-in/:id/keys', read, (request, response) => {
        const { keys } = savedCredentials<IsupCredentials>(RED, String(request.params.id), 'isup-in');
        response.json(keyedIds(keys));
    });

    /** Changes keys of single devices without showing the others. They count from the next deploy. */
    RED.httpAdmin.post('/isup-in/:id/keys', write, (request, response) => {
        const id = String(request.params.id);
        const changes = readKeyChanges(request.body);
        if (changes === undefined) {
            response.sendStatus(400);
            return;
        }
        // The secrets of any other node are not ours to write.
        if (!isOfType(RED, id, 'isup-in')) {
            response.sendStatus(404);
            return;
        }
        const saved = savedCredentials<IsupCredentials>(RED, id, 'isup-in');
        RED.nodes.addCredentials(id, { ...saved, keys: mergeKeys(saved.keys, changes) });
        response.sendStatus(204);
    });
}
