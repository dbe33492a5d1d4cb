import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { P2pAccess } from '../../devices/p2pAccess';
import { portPlan } from '../../protocols/p2p/portPlan';
import type { TunnelSource } from '../../protocols/p2p/tunnelSource';
import { INTELBRAS_P2P_TUNNEL_DEFAULTS, readIntelbrasP2pTunnel } from '../../runtime/settings/intelbrasP2pTunnel';
import { TunnelDesk } from '../../runtime/tunnelDesk';

const SERIAL = 'TESTSN0000001';

/** The way to a recorder that is reached at once. */
const SOURCE: TunnelSource = {
    serial: SERIAL,
    state: { state: 'open', route: 'direct' },
    watch: () => () => undefined,
    open: () => undefined,
    connect: () => Promise.reject(new Error('no client calls here')),
    close: async () => undefined,
};

const ACCESS = { serial: SERIAL, acquire: () => ({ source: SOURCE, release: async () => undefined }) };

describe('the tunnels of a node', () => {
    it('stay closed when the node is closed while a message opens others', async () => {
        const settings = readIntelbrasP2pTunnel({ ...INTELBRAS_P2P_TUNNEL_DEFAULTS, device: 'id' }, (text) => text);
        const desk = new TunnelDesk(ACCESS as unknown as P2pAccess, settings, () => undefined);
        await desk.open();
        assert.equal(portPlan.openCount, 3);
        // Its first step is to close the ports that are open.
        const late = desk.perform({ command: 'open', serial: SERIAL, ports: [37777] });
        const refused = assert.rejects(late, { code: 'CLOSED' });
        await desk.close();
        await refused;
        assert.equal(portPlan.openCount, 0);
    });
});
