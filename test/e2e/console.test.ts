import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type VoiceServer, voiceServer } from '../support/voiceServer.js';
import { openConsole, openView, signIn } from './consolePage.js';
import { openBrowser } from './editor.js';

/** The console of `serve` in a real browser whose microphone plays a conversation. */
let server: VoiceServer;
let browser: Browser;
beforeAll(async () => {
  server = await voiceServer();
  await fetch(`${server.url}/v1/speakers/slt/samples?name=${encodeURIComponent('<b>Sally</b>')}`, {
    method: 'POST',
    headers: { authorization: 'Bearer acme-key', 'content-type': 'audio/wav' },
    body: readFileSync(server.audio.slt),
  });
  // The first turn, over and over, as Chromium plays its file.
  const [first] = server.audio.turns;
  const microphone = server.audio.talk.replace('talk', 'microphone');
  execFileSync('sox', [server.audio.talk, '-r', '48000', microphone, 'trim', '0', String(first!.end), 'pad', '0', '1']);
  browser = await openBrowser([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${microphone}`,
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

const opened = (options?: Parameters<typeof openConsole>[2]) => openConsole(browser, server.url, options);

test('names what the microphone hears, as text, and stops', async () => {
  await using opening = await opened();
  const { page, complaints, foreign } = opening;
  await signIn(page, 'acme-key');
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.locator('.vp-turns .vp-voice', { hasText: '<b>Sally</b>' }).first().waitFor({ timeout: 240_000 });
  expect(await page.locator('.vp-live-status').textContent()).toContain('Listening.');
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.vp-live-status', { hasText: 'Not listening.' }).waitFor({ timeout: 240_000 });
  expect(await page.locator('b').count()).toBe(0);
  expect(page.url()).not.toContain('acme-key');
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
});

test('comes back after the connection broke, in the same session', async () => {
  await using opening = await opened();
  const { page } = opening;
  const sessions = new Set<string>();
  let breakOff = () => {};
  await page.routeWebSocket(/\/v1\/stream/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((message) => {
      const told = JSON.parse(String(message)) as { type: string; sessionId?: string };
      if (told.type === 'ready') sessions.add(told.sessionId!);
      socket.send(message);
    });
    breakOff = () => {
      void upstream.close({ code: 3001 });
      void socket.close({ code: 3001 }); // below the server's own codes: as a network that failed
    };
  });
  await signIn(page, 'acme-key');
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.locator('.vp-live-status', { hasText: 'Listening.' }).waitFor({ timeout: 240_000 });
  breakOff();
  await page.locator('.vp-live-status', { hasText: 'trying again' }).waitFor({ timeout: 240_000 });
  await page.locator('.vp-live-status', { hasText: /^Listening/ }).waitFor({ timeout: 240_000 });
  await page.locator('.vp-turns .vp-voice').first().waitFor({ timeout: 240_000 });
  expect(sessions.size).toBe(1);
});

test('a wrong key is reported, and nothing of the store is shown without a key', async () => {
  await using opening = await opened({ path: '/live', colorScheme: 'dark' });
  const { page, foreign } = opening;
  await signIn(page, 'wrong-key');
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
  expect(await page.content()).not.toContain('Sally');
  expect(await page.evaluate('sessionStorage.length')).toBe(0);
  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(13, 17, 23)');
  await signIn(page, 'acme-key');
  await openView(page, 'People');
  await page.getByRole('heading', { name: '<b>Sally</b>' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: '<b>Sally</b>' }).waitFor(); // the tab keeps the key
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  expect(await page.evaluate('sessionStorage.length')).toBe(0);
  expect(foreign).toEqual([]);
});

test('the policy lets nothing in from elsewhere, and nothing inline', async () => {
  const answer = await fetch(`${server.url}/live`);
  const policy = answer.headers.get('content-security-policy')!;
  expect(policy).toContain(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src blob:; connect-src 'self'",
  );
  expect(policy).not.toContain('unsafe');
  const html = await answer.text();
  expect(html).not.toMatch(/<style|<script(?![^>]*\ssrc="console\.js")|\son\w+=|\sstyle=/);
  expect(html).not.toMatch(/https?:\/\//);
});

test('enrols by speaking: the name appears when that voice speaks', async () => {
  await using opening = await opened();
  const { page, complaints } = opening;
  await signIn(page, 'globex-key');
  await openView(page, 'People');
  await page.getByText('Nobody is enrolled yet').waitFor();
  await page.getByRole('button', { name: 'Enrol someone' }).click();
  await page.getByLabel('Name').fill('Zoë Ångström');
  await page.getByText('Id: zoe_angstrom').waitFor();
  await page.getByLabel('The person was shown').check();
  await page.getByRole('button', { name: 'Record' }).click();
  await page.getByText('That is enough speech.').waitFor({ timeout: 240_000 });
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Save the voice' }).click();
  await page.locator('.vp-outcome.vp-good', { hasText: 'Zoë Ångström is enrolled' }).waitFor({ timeout: 240_000 });
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('[data-speaker="zoe_angstrom"]', { hasText: 'complete' }).waitFor();
  await page.getByText('I agree that a voiceprint').waitFor({ state: 'attached' });
  await openView(page, 'Who speaks');
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.locator('.vp-turns .vp-voice', { hasText: 'Zoë Ångström' }).first().waitFor({ timeout: 240_000 });
  expect(complaints).toEqual([]);
});
