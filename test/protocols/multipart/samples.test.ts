import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../support/packageRoot';
import { faultKinds, splitEveryWay } from '../../support/splitting';
import { raw } from '../../support/wireBytes';

const samples = process.env.VIGIA_SAMPLES ?? join(packageRoot, '..', 'shared', 'samples');

/** Parts in captured streams and posts, split whole, byte by byte, in sevens and in random chunks. */
const CAPTURES: [path: string, boundary: string, parts: number][] = [
    ['alertstream/hs_cam_first120.recon.bin', 'boundary', 120],
    ['alertstream/hs_nvr_first300.recon.bin', 'boundary', 300],
    ['alertstream/pyhik62_mixed.recon.bin', 'boundary', 4],
    ['alertstream/sp_K1T342MWX_replay_first16.recon.bin', 'MIME_boundary', 16],
    ['httphosts-push/io7_fielddetection_noxmldecl.multipart.bin', 'boundary', 1],
];

describe('captured traffic', () => {
    // An extra: who has no captures beside the checkout has the fixtures of this folder.
    if (!existsSync(samples)) return;
    for (const [path, boundary, parts] of CAPTURES)
        for (const declared of [boundary, undefined, `--${boundary}`, 'another'])
            it(`${path} with the boundary ${declared ?? 'not declared'} has ${parts} parts`, () => {
                const split = splitEveryWay(readFileSync(join(samples, path)), { boundary: declared });
                assert.equal(split.parts.length, parts);
                assert.deepEqual(split.faults, []);
                for (const part of split.parts) {
                    assert.equal(part.kind, 'text');
                    assert.match(
                        part.body.toString(),
                        /^<EventNotificationAlert[\s\S]*<\/EventNotificationAlert>$|^\{[\s\S]*\}$/,
                    );
                }
            });

    it('a nested part that breaks off inside its document is reported', () => {
        const bytes = readFileSync(join(samples, 'intercom/pyhik77_KD8003_nested_head.http.txt'));
        const split = splitEveryWay(raw('--MIME_boundary\r\n', bytes), { boundary: 'MIME_boundary' });
        assert.deepEqual(faultKinds(split), ['text-cut']);
        assert.equal(split.faults[0]?.headers['content-length'], '223');
    });

    it('the head of a close-delimited answer teaches its boundary', () => {
        const head = readFileSync(join(samples, 'alertstream/tox15_annke_head.http'));
        const split = splitEveryWay(
            raw(head, '<EventNotificationAlert></EventNotificationAlert>\r\n--hikboundary\r\n'),
        );
        assert.equal(split.parts.length, 1);
        assert.deepEqual(split.faults, []);
    });
});
