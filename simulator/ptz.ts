import { readXmlBody } from './bodies';
import type { HttpDevice } from './httpDevice';

export interface PtzOptions {
    channel?: number;
    /** false: the position cannot be read, as on old domes. */
    tellsPosition?: boolean;
    /** Readings of the position for which the camera is on its way to a preset. */
    travel?: number;
}

/** A head that pans, tilts and zooms. */
export interface PtzHead {
    position: { elevation: number; azimuth: number; absoluteZoom: number };
    speed: { pan: number; tilt: number; zoom: number };
    /** Every command as it came: `continuous 50 0 0`. */
    readonly commands: string[];
    readonly presets: Map<number, { name: string; position: PtzHead['position'] }>;
}

/** Gives a device the paths of `/PTZCtrl` (koush/scrypted; Supergiovane/node-red-contrib-hikvision-ultimate). */
export function addPtz(
    device: HttpDevice,
    { channel = 1, tellsPosition = true, travel = 3 }: PtzOptions = {},
): PtzHead {
    const head: PtzHead = {
        position: { elevation: 0, azimuth: 0, absoluteZoom: 10 },
        speed: { pan: 0, tilt: 0, zoom: 0 },
        commands: [],
        presets: new Map([
            [1, { name: 'Portão', position: { elevation: 120, azimuth: 900, absoluteZoom: 20 } }],
            [2, { name: 'Rua', position: { elevation: 50, azimuth: 2700, absoluteZoom: 10 } }],
        ]),
    };
    const base = `/ISAPI/PTZCtrl/channels/${channel}`;
    let goal = head.position;
    let left = 0;

    const numbers = (body: Buffer, names: readonly string[]): number[] | undefined => {
        const sent = readXmlBody(body);
        if (sent?.root !== 'PTZData') return undefined;
        const content = { ...sent.content, ...(sent.content.AbsoluteHigh as object) } as Record<string, unknown>;
        return names.map((name) => Number(content[name] ?? 0));
    };
    for (const action of ['continuous', 'momentary']) {
        device.route('PUT', `${base}/${action}`, (exchange) => {
            const speeds = numbers(exchange.body, ['pan', 'tilt', 'zoom']);
            if (speeds === undefined) return exchange.outcome('badFormat');
            if (speeds.some((speed) => Math.abs(speed) > 100)) return exchange.outcome('badContent');
            const [pan = 0, tilt = 0, zoom = 0] = speeds;
            head.speed = { pan, tilt, zoom };
            head.commands.push(`${action} ${speeds.join(' ')}`);
            exchange.outcome('ok');
        });
    }
    device.route('PUT', `${base}/absolute`, (exchange) => {
        const values = numbers(exchange.body, ['elevation', 'azimuth', 'absoluteZoom']);
        if (values === undefined) return exchange.outcome('badFormat');
        const [elevation = 0, azimuth = 0, absoluteZoom = 0] = values;
        head.position = { elevation, azimuth, absoluteZoom };
        head.commands.push(`absolute ${values.join(' ')}`);
        exchange.outcome('ok');
    });
    device.route('GET', `${base}/absoluteEx`, (exchange) => {
        if (!tellsPosition) return exchange.outcome('notSupport');
        if (left > 0) {
            left -= 1;
            const azimuth = left === 0 ? goal.azimuth : goal.azimuth + left * 100;
            head.position = left === 0 ? goal : { ...goal, azimuth };
        }
        exchange.xml('PTZAbsoluteEx', head.position);
    });
    device.route('GET', `${base}/presets`, (exchange) =>
        exchange.xml('PTZPresetList', {
            PTZPreset: [...head.presets].map(([id, { name }]) => ({ enabled: true, id, presetName: name })),
        }),
    );
    device.route('PUT', `${base}/presets/{id}/goto`, (exchange) => {
        const preset = head.presets.get(Number(exchange.params.id));
        if (preset === undefined) return exchange.outcome('badParameters');
        head.commands.push(`preset ${exchange.params.id}`);
        goal = preset.position;
        left = travel;
        exchange.outcome('ok');
    });
    for (const action of ['start', 'stop']) {
        device.route('PUT', `${base}/patrols/{id}/${action}`, (exchange) => {
            head.commands.push(`patrol ${exchange.params.id} ${action}`);
            exchange.outcome('ok');
        });
    }
    device.route('PUT', `${base}/homeposition/goto`, (exchange) => {
        head.commands.push('home');
        exchange.outcome('ok');
    });
    return head;
}
