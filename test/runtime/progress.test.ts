import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Node, NodeAPI } from 'node-red';
import type { DeviceEvent } from '../../events/deviceEvent';
import { Fault } from '../../protocols/errors';
import { NodeStatus } from '../../runtime/nodeStatus';
import { type ProgressReport, progressText } from '../../runtime/progressText';
import { RemainingTime } from '../../runtime/remainingTime';
import { ManualClock } from '../support/manualClock';
import { packageRoot } from '../support/packageRoot';

/** As much of Node-RED as a status needs: the texts of one language. */
function nodeRedIn(language: string): NodeAPI {
    const file = join(packageRoot, 'locales', language, 'device-config.json');
    const catalogue = JSON.parse(readFileSync(file, 'utf8')) as object;
    const text = (key: string, details: Record<string, unknown>) => {
        const path = key.slice(key.indexOf(':') + 1).split('.');
        const found = path.reduce<unknown>((tree, name) => (tree as Record<string, unknown>)[name], catalogue);
        return String(found).replace(/__(\w+?)__/g, (_all, name: string) => String(details[name]));
    };
    return { _: text } as unknown as NodeAPI;
}

describe('the progress of a long request', () => {
    const PAGE: ProgressReport = { unit: 'matches', page: 3, done: 90, total: 2450, remaining: 38_200 };

    it('is told in the language of the runtime', () => {
        assert.equal(progressText(nodeRedIn('en-US'), PAGE), 'page 3 · 90 of 2,450 · ~40 s');
        assert.equal(progressText(nodeRedIn('pt-BR'), PAGE), 'página 3 · 90 de 2.450 · ~40 s');
        assert.equal(progressText(nodeRedIn('zh-CN'), PAGE), '第 3 页 · 90 / 2,450 · 约 40 秒');
    });

    it('counts the bytes of a file in megabytes, with or without an end in sight', () => {
        const english = nodeRedIn('en-US');
        assert.equal(progressText(english, { unit: 'bytes', done: 12_300_000, total: 340_000_000 }), '12 of 340 MB');
        assert.equal(progressText(english, { unit: 'bytes', done: 250_000, total: 3_000_000 }), '0.3 of 3.0 MB');
        assert.equal(progressText(english, { unit: 'bytes', done: 7_250_000 }), '7.3 MB');
        assert.equal(progressText(english, { unit: 'matches', done: 300 }), '300');
    });

    it('tells minutes where seconds would be many', () => {
        const long = { ...PAGE, remaining: 200_000 };
        assert.equal(progressText(nodeRedIn('en-US'), long), 'page 3 · 90 of 2,450 · ~4 min');
    });

    it('guesses no end before there is something to judge by', () => {
        const clock = new ManualClock();
        const time = new RemainingTime(clock);
        clock.advance(1000);
        assert.equal(time.after(30, 300), undefined);
        clock.advance(2000);
        assert.equal(time.after(0, 300), undefined);
        assert.equal(time.after(30, undefined), undefined);
        assert.equal(time.after(30, 300), 27_000);
        assert.equal(time.after(300, 300), 0);
        assert.equal(time.after(310, 300), undefined);
    });
});

describe('the status of a node at work', () => {
    function shownBy(language = 'en-US') {
        const shown: unknown[] = [];
        const clock = new ManualClock();
        const node = { status: (status: { text?: string }) => shown.push(status.text ?? '') } as unknown as Node;
        return { shown, clock, status: new NodeStatus(nodeRedIn(language), node, clock) };
    }
    const page = (number: number): ProgressReport => ({ unit: 'matches', page: number, done: number * 30, total: 900 });

    it('shows the newest progress once a second, and nothing more when it is done', () => {
        const { shown, clock, status } = shownBy();
        for (const number of [1, 2, 3]) status.progress(page(number));
        assert.deepEqual(shown, []);
        clock.advance(1000);
        assert.deepEqual(shown, ['page 3 · 90 of 900']);
        status.progress(page(4));
        status.succeeded();
        assert.deepEqual(shown, ['page 3 · 90 of 900', '']);
        assert.equal(clock.pending, 0);
    });

    it('shows nothing of what takes no second', () => {
        const { shown, clock, status } = shownBy();
        status.progress(page(1));
        status.succeeded();
        clock.advance(5000);
        assert.deepEqual(shown, []);
    });

    it('names an event as the dialogs do, and one that only its vendor knows as the vendor does', () => {
        const seen = (language: string, event: Partial<DeviceEvent>) => {
            const { shown, clock, status } = shownBy(language);
            status.event(event as DeviceEvent);
            clock.advance(1000);
            return shown.at(-1);
        };
        const crossing: Partial<DeviceEvent> = { kind: 'line-crossing', family: 'perimeter', channel: 3 };
        assert.equal(seen('en-US', crossing), 'Line crossing 3');
        assert.equal(seen('zh-CN', crossing), '越界侦测 3');
        assert.equal(seen('pt-BR', { kind: 'doorbell', family: 'access', channel: null }), 'Campainha');
        assert.equal(seen('pt-BR', { kind: 'softio', family: 'unknown', channel: 1 }), 'softio 1');
    });

    it('does not cover a failure with what was on its way', () => {
        const { shown, clock, status } = shownBy();
        status.progress(page(1));
        status.failed(new Fault('CONNECTION_LOST'));
        clock.advance(5000);
        assert.deepEqual(shown, ['node-red:common.status.error']);
        status.progress(page(2));
        status.close();
        clock.advance(5000);
        assert.deepEqual(shown, ['node-red:common.status.error', '']);
    });
});
