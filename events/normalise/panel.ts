import { countOf, type Fields, fieldsOf, textOf } from '../../protocols/documents/values';
import type { Panel } from '../deviceEvent';
import { readTarget } from '../target';
import type { Draft } from './draft';

/** What the codes mean that a flow meets most: 1 in front is the event or opening, 3 its restore or closing. */
const CODES: Record<string, string> = {
    '1103': 'Radar intrusion',
    '3103': 'Radar intrusion ended',
    '1110': 'Fire',
    '1120': 'Panic',
    '1130': 'Burglary',
    '1131': 'Burglary',
    '1759': 'Burglary',
    '1137': 'Tamper',
    '1148': 'Device moved',
    '1301': 'Mains power lost',
    '3301': 'Mains power restored',
    '1401': 'Disarmed',
    '3401': 'Armed away',
    '3441': 'Armed stay',
};

function addText(panel: Panel, name: 'name' | 'type' | 'zoneName' | 'subsystemName' | 'user', value: unknown): void {
    const text = textOf(value);
    if (text !== undefined) panel[name] = text;
}

function addCount(panel: Panel, name: 'zone' | 'subsystem', value: unknown): void {
    const count = countOf(value);
    if (count !== undefined) panel[name] = count;
}

function readCid(inner: Fields): Panel {
    const panel: Panel = {};
    const code = textOf(inner.code ?? inner.CIDCode ?? inner.cidCode);
    if (code !== undefined) {
        panel.code = code;
        if (/^[13]\d{3}$/.test(code)) panel.action = code.startsWith('1') ? 'event' : 'restore';
    }
    addText(panel, 'name', inner.name);
    addText(panel, 'type', inner.type);
    // Zones count from 0 here, and from 1 in the panel's own pages: passed on as sent.
    addCount(panel, 'zone', inner.zone);
    addText(panel, 'zoneName', inner.zoneName);
    addCount(panel, 'subsystem', inner.system ?? inner.subSystem);
    addText(panel, 'subsystemName', inner.subSystemName);
    addText(panel, 'user', inner.userName ?? (panel.type === 'armAndDisarm' ? inner.name : undefined));
    return panel;
}

function readZone(zone: Fields): Panel {
    const panel: Panel = { status: zone };
    addCount(panel, 'zone', zone.id);
    addText(panel, 'zoneName', zone.name);
    addCount(panel, 'subsystem', zone.subSystemNo);
    return panel;
}

/** Alarm panels and radars: Contact-ID events, the state of a zone, a target of a radar. */
export function fillPanel(draft: Draft, body: Fields): void {
    const { event } = draft;
    if (event.family !== 'panel') return;
    const cid =
        fieldsOf(body.CIDEvent) ??
        fieldsOf(body.cidEvent) ??
        fieldsOf(body.CIDAlarm) ??
        fieldsOf(fieldsOf(body.VideoReview)?.HikCIDParams);
    const zone = fieldsOf(body.zoneUpdate) ?? (event.kind === 'zone' && body.zoneType !== undefined ? body : undefined);
    const target = fieldsOf(body[`${event.type}List`]);
    if (cid !== undefined) {
        event.panel = readCid(cid);
        const { code, zone: number, subsystem } = event.panel;
        if (code !== undefined && Object.hasOwn(CODES, code)) event.description ??= CODES[code];
        draft.detail += `;${code ?? ''};${number ?? ''};${subsystem ?? ''}`;
    } else if (zone !== undefined) {
        event.panel = readZone(zone);
        draft.detail += `;${event.panel.zone ?? ''};${textOf(zone.status) ?? ''}`;
    } else if (target !== undefined) {
        event.panel = { status: target };
        event.target ??= readTarget(target.targetType);
        draft.detail += `;${textOf(target.targetID) ?? ''}`;
    }
}
