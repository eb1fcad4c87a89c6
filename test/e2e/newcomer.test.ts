import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeRedProcess } from '../flows/nodeRedProcess.js';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';
import { Editor, openBrowser } from './editor.js';

/** From an empty Node-RED to one's own name, as somebody goes who has read nothing. The browser's microphone plays Sally's voice. */
const PATIENCE_MS = 240_000;

let red: NodeRedProcess;
let browser: Browser;
let audio: SpokenAudio;
beforeAll(async () => {
  audio = spokenAudio();
  const microphone = join(audio.directory, 'microphone.wav');
  execFileSync('sox', [audio.slt, '-r', '48000', microphone]);
  [red, browser] = await Promise.all([
    NodeRedProcess.start(),
    openBrowser([
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
    ]),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await red?.[Symbol.asyncDispose]();
  audio?.[Symbol.dispose]();
});

test('a node, a deploy, some lines read aloud, some words: the name is there', { timeout: 300_000 }, async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  const panel = page.locator('.red-ui-sidebar-voice-prints');
  const dialog = page.locator('dialog.vp-modal');
  await page.evaluate(() => {
    const { RED } = globalThis as unknown as { RED: { actions: { invoke(name: string): void } } };
    RED.actions.invoke('voice-prints:show-voices');
  });
  await panel.getByText('Drag in a node').waitFor({ timeout: PATIENCE_MS });
  const node = page.locator('.red-ui-palette-node[data-palette-type="identify-speakers"]');
  await node.scrollIntoViewIfNeeded();
  await node.dragTo(page.locator('#red-ui-workspace-chart'), { targetPosition: { x: 300, y: 200 } });
  await panel.getByText('Deploy the flow').waitFor({ timeout: PATIENCE_MS });
  await page.locator('#red-ui-header-button-deploy').click();

  // The side bar follows the deploy by itself, and says what comes first.
  const steps = panel.locator('.vp-steps');
  await steps.getByRole('button', { name: 'Enrol someone' }).click({ timeout: PATIENCE_MS });
  await panel.getByRole('button', { name: 'Enrol someone' }).click();
  await dialog.getByText('Give a name; then you can record').waitFor();
  await dialog.getByLabel('Name').fill('Sally');
  await dialog.getByRole('button', { name: 'Record' }).click();
  await dialog.locator('.vp-live-hint', { hasText: 'That is enough speech' }).waitFor({ timeout: PATIENCE_MS });
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await dialog.getByRole('button', { name: 'Save the voice' }).click();
  await dialog.getByRole('status').filter({ hasText: 'Sally is enrolled' }).waitFor({ timeout: PATIENCE_MS });
  // What was saved is not offered once more; what is left is the end, for the keyboard as well.
  expect(await dialog.getByRole('button', { name: 'Save the voice' }).count()).toBe(0);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Done');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });

  await panel.getByRole('button', { name: 'Now', exact: true }).click();
  await steps.getByRole('button', { name: 'Recording' }).click();
  await panel.getByRole('button', { name: 'Say something' }).click();
  await panel.getByText('Speak as usual').waitFor({ timeout: PATIENCE_MS });
  await page.waitForFunction(() => {
    const meter = document.querySelector<HTMLMeterElement>('.red-ui-sidebar-voice-prints meter');
    const { seen = 0 } = meter?.dataset ?? {};
    if (meter && meter.value > -40) meter.dataset.seen = String(Number(seen) + 1);
    return Number(seen) > 200; // frames of the page with speech
  });
  await panel.getByRole('button', { name: 'Stop' }).click();
  await panel
    .locator('.vp-reviewed li', { hasText: 'Sally' })
    .filter({ hasText: /certain \d+%/ })
    .first()
    .waitFor({ timeout: PATIENCE_MS });
});
