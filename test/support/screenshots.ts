/** The pictures of the documentation, taken by the tests that show what they show. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { packageRoot } from './packageRoot';

const FOLDER = join(packageRoot, 'docs', 'images');
const LARGEST = 200 * 1024;

/** Takes a picture into docs/images where `VIGIA_SCREENSHOTS` is set; otherwise the documents keep theirs. */
export async function takePicture(page: Page, name: string): Promise<void> {
    if (!process.env.VIGIA_SCREENSHOTS) return;
    mkdirSync(FOLDER, { recursive: true });
    const path = join(FOLDER, `${name}.png`);
    await page.screenshot({ path });
    assert.ok(statSync(path).size <= LARGEST, `${path} is too large for the documents`);
}
