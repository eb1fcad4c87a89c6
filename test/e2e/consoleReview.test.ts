import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type VoiceServer, voiceServer } from '../support/voiceServer.js';
import { openConsole, openView, signIn } from './consolePage.js';
import { openBrowser } from './editor.js';

/** Corrections, recordings, folders and keys in the console; the microphone plays one voice that nobody knows. */
let server: VoiceServer;
let browser: Browser;
beforeAll(async () => {
  server = await voiceServer();
  const microphone = join(server.audio.directory, 'microphone.wav');
  execFileSync('sox', [server.audio.rms, '-r', '48000', microphone]);
  browser = await openBrowser([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${microphone}`,
    '--host-resolver-rules=MAP voices.test 127.0.0.1',
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

const opened = (width?: number) => openConsole(browser, server.url, width === undefined ? {} : { width });
const PATIENT = { timeout: 240_000 };
const voices = (page: Page) => page.locator('.vp-turns .vp-voice');

test('an unknown voice is named while it speaks, the next session knows it, and undo takes it back', async () => {
  await using opening = await opened();
  const { page, complaints } = opening;
  await signIn(page, 'acme-key');
  await page.getByRole('button', { name: 'Listen' }).click();
  await voices(page)
    .filter({ hasText: /^unknown-\d+$/ })
    .first()
    .waitFor(PATIENT);
  // More speech than a new person needs, all of one voice.
  await expect
    .poll(
      () =>
        voices(page)
          .filter({ hasText: /^unknown-\d+$/ })
          .count(),
      PATIENT,
    )
    .toBeGreaterThan(1);
  await page.getByRole('button', { name: 'This is …' }).first().click();
  await page.getByLabel('Name').fill('<i>Ron</i>');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.vp-outcome', { hasText: '<i>Ron</i> is enrolled' }).waitFor(PATIENT);
  await page.getByRole('button', { name: 'Done' }).click();
  await voices(page).filter({ hasText: '<i>Ron</i>' }).first().waitFor(PATIENT);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.vp-live-status', { hasText: 'Not listening.' }).waitFor(PATIENT);

  await page.getByRole('button', { name: 'Listen' }).click();
  await page.locator('.vp-speaking', { hasText: '<i>Ron</i>' }).waitFor(PATIENT);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.vp-live-status', { hasText: 'Not listening.' }).waitFor(PATIENT);

  await openView(page, 'Turns');
  await page.getByRole('button', { name: 'Undo' }).first().click();
  await page
    .getByRole('button', { name: 'Undo' })
    .first()
    .waitFor({ ...PATIENT, state: 'detached' });
  await openView(page, 'People');
  await page.getByText('Nobody is enrolled yet').waitFor(PATIENT);
  expect(await page.locator('i').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('folders enrol several people at once, and a recording shows them in its timeline', async () => {
  const folder = join(server.audio.directory, 'people');
  for (const [name, file] of [
    ['Sally <b>', server.audio.slt],
    ['Ron', server.audio.rms],
  ]) {
    mkdirSync(join(folder, name!), { recursive: true });
    copyFileSync(file!, join(folder, name!, 'sample.wav'));
  }
  await using opening = await opened(390);
  const { page, complaints } = opening;
  await signIn(page, 'acme-key');
  await openView(page, 'People');
  await page.getByRole('button', { name: 'Enrol someone' }).click();
  await page.locator('.vp-modal input[webkitdirectory]').setInputFiles(folder);
  const enrolFitting = page.getByRole('button', { name: 'Enrol what fits: 2' });
  await enrolFitting.waitFor(PATIENT);
  await page.locator('.vp-plans [data-state="fits"]', { hasText: 'Quality: ' }).first().waitFor();
  // On a telephone it is below everything else: it is brought into sight.
  const bottom = (element: Element) => Math.round(element.getBoundingClientRect().bottom);
  expect(await enrolFitting.evaluate(bottom)).toBeLessThanOrEqual(await page.locator('.vp-modal').evaluate(bottom));
  await enrolFitting.click();
  await expect.poll(() => page.locator('.vp-plans [data-state="complete"]').count(), PATIENT).toBe(2);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('heading', { name: 'Sally <b>' }).waitFor();

  await openView(page, 'Recording');
  await page.locator('input[type=file]').setInputFiles(server.audio.talk);
  await page.locator('.vp-drawing svg', { hasText: 'Sally <b>' }).waitFor(PATIENT);
  await voices(page).filter({ hasText: 'Ron' }).waitFor(PATIENT);
  const stranger = page.locator('.vp-turns li.vp-tier-unmatched').first();
  await stranger.getByRole('button', { name: 'This is …' }).click();
  // Somebody who is enrolled, whatever the capitals, and gave no consent so far: it can be given here.
  await page.getByLabel('Name').fill('ron');
  await page.locator('.vp-hint', { hasText: 'Ron' }).waitFor(PATIENT);
  await page.getByText('The person was shown this text').waitFor(PATIENT);
  await page.getByLabel('Name').fill('Carl');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.vp-outcome', { hasText: 'Carl' }).waitFor(PATIENT);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('.vp-drawing svg', { hasText: 'Carl' }).waitFor(PATIENT);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.locator('.vp-drawing svg', { hasText: /^(?!.*Carl)/s }).waitFor(PATIENT);
  // Nothing is wider than the screen of a telephone.
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  expect(await page.locator('main b, dialog b').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a file that is no sound is refused in words, and the page goes on', async () => {
  await using opening = await opened();
  const { page } = opening;
  await signIn(page, 'acme-key');
  await openView(page, 'Recording');
  const input = page.locator('input[type=file]');
  await input.setInputFiles({
    name: 'x.wav',
    mimeType: 'audio/wav',
    buffer: Buffer.from('no sound at all, not even close'),
  });
  await page.getByRole('alert').waitFor(PATIENT);
  await input.setInputFiles({ name: 'talk.wav', mimeType: 'audio/wav', buffer: readFileSync(server.audio.little) });
  await page.locator('.vp-drawing svg').waitFor(PATIENT);
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('a key of one scope is made, shows what it may, and ends when it is revoked', async () => {
  await using opening = await opened();
  const { page } = opening;
  await signIn(page, 'acme-key');
  await openView(page, 'Keys');
  await page.getByRole('button', { name: 'Create a key' }).click();
  await page.getByLabel('What it is for').fill('door');
  await page.getByRole('button', { name: 'Create a key' }).last().click();
  const key = await page.getByLabel('The new key').inputValue();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('heading', { name: 'door', exact: true }).waitFor();
  expect(await page.content()).not.toContain(key);

  await using second = await opened();
  await signIn(second.page, key);
  await second.page.getByRole('navigation').waitFor();
  expect(await second.page.getByRole('navigation').getByRole('link').allTextContents()).toEqual([
    'Who speaks',
    'Recording',
    'Jobs',
    'Usage',
  ]);
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('heading', { name: 'door', exact: true }).waitFor({ state: 'detached' });
  await openView(second.page, 'Jobs');
  await second.page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor(PATIENT);
});

test('where the browser lends no microphone it says so, and files still enrol', async () => {
  await using opening = await openConsole(browser, server.url.replace('127.0.0.1', 'voices.test'));
  const { page, complaints } = opening;
  await signIn(page, 'globex-key');
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.getByRole('alert').filter({ hasText: 'only to pages over https and to localhost' }).waitFor();
  await openView(page, 'People');
  await page.getByRole('button', { name: 'Enrol someone' }).click();
  await page.getByLabel('Name').fill('Slate');
  await page.getByText('only to pages over https and to localhost').waitFor();
  await page.locator('.vp-modal input[multiple]').setInputFiles([server.audio.slt, server.audio.rms]);
  await page.getByRole('button', { name: 'Enrol what fits: 2' }).click(PATIENT); // each alone; the second not after the first
  await page.locator('.vp-plans [data-state="complete"]').waitFor(PATIENT);
  await page.locator('.vp-plans [data-state="refused"]', { hasText: 'Does not sound like' }).waitFor(PATIENT);
  expect(complaints.filter((one) => !one.includes('422'))).toEqual([]); // browsers note every refusal of a call
});
