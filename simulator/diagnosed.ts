import { readFileSync, statSync } from 'node:fs';
import { at, listAt, numberAt, textAt } from '../protocols/documents/fields';
import { readJson } from '../protocols/documents/readJson';
import { Fault } from '../protocols/errors';
import type { DeviceKind } from './demo';
import type { Exchange } from './exchange';
import type { HttpDevice } from './httpDevice';
import { type Recording, recordingOf } from './stream/recording';

/** What a user downloaded with “Diagnostics”: answers of a real device with stand-ins for what identifies it. */
export interface Diagnosed {
    kind: DeviceKind;
    answers: { path: string; status: number; contentType: string; body: string }[];
    recordings: Recording[];
}

const KINDS: Record<string, DeviceKind> = {
    recorder: 'nvr',
    'access-terminal': 'terminal',
    'door-station': 'terminal',
};
const LARGEST_FILE = 32 * 1024 * 1024;

/** @throws Fault CONFIG_INVALID for a file that is none of these */
export function readDiagnosed(file: string): Diagnosed {
    const refuse = (reason: string) => new Fault('CONFIG_INVALID', { details: { field: '--diagnostics', reason } });
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.size > LARGEST_FILE) throw refuse(`there is no file “${file}”`);
    const document = readJson(readFileSync(file, 'utf8'), LARGEST_FILE);
    if (at(document, 'format') !== 'vigia-diagnostics') throw refuse(`“${file}” holds no diagnostics of this pack`);
    const plain = (value: unknown) => (typeof value === 'string' ? value : '');
    const answers = listAt(document, 'answers').map((answer) => ({
        path: plain(answer.path),
        status: numberAt(answer, 'status') ?? 200,
        contentType: plain(answer.contentType),
        body: plain(answer.body),
    }));
    const recordings = listAt(document, 'events').map((event, index) =>
        recordingOf(`event ${index + 1}`, Buffer.from(plain(event.text))),
    );
    return { kind: KINDS[textAt(document, 'family') ?? ''] ?? 'camera', answers, recordings };
}

/** Makes a device answer as the one that was diagnosed; what was not recorded it answers as itself. */
export function answerAs(device: HttpDevice, { answers }: Diagnosed): void {
    const bare = (path: string) => path.split('?', 1)[0]!;
    for (const path of new Set(answers.map((answer) => bare(answer.path)))) {
        const candidates = answers.filter((answer) => bare(answer.path) === path);
        device.route('GET', path, (exchange: Exchange) => {
            const asked = exchange.request.url;
            const { status, contentType, body } = candidates.find((one) => one.path === asked) ?? candidates[0]!;
            exchange.send(status, contentType === '' ? undefined : contentType, body);
        });
    }
}
