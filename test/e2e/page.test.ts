import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type VoiceServer, voiceServer } from '../support/voiceServer.js';
import { openBrowser } from './editor.js';

/** The live page in a real browser whose microphone plays a conversation. */
let server: VoiceServer;
let browser: Browser;
beforeAll(async () => {
  server = await voiceServer();
  await fetch(`${server.url}/v1/speakers/slt/samples?name=Sally`, {
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

/** The page, and everything it complains about or asks others for. */
async function opened(colorScheme: 'light' | 'dark'): Promise<{ page: Page; complaints: string[]; foreign: string[] }> {
  const context = await browser.newContext({ colorScheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('blob:')) foreign.push(request.url());
  });
  await page.goto(server.url);
  return { page, complaints, foreign };
}

test('names what the microphone hears, comes back after a drop, and stops', async () => {
  const { page, complaints, foreign } = await opened('light');
  await page.fill('#key', 'acme-key');
  await page.click('#go');
  await page.locator('#turns .who', { hasText: 'Sally' }).first().waitFor({ timeout: 50_000 });
  expect(await page.locator('#status').textContent()).toBe('Listening.');
  const session = await page.evaluate('stream.session.sessionId');
  await page.evaluate('stream.socket.onclose({ code: 1006 })'); // what a browser tells of a broken network
  await page.locator('#status', { hasText: 'trying again' }).waitFor();
  await page.locator('#status', { hasText: 'Listening.' }).waitFor();
  expect(await page.evaluate('stream.session.sessionId')).toBe(session);
  await page.click('#stop');
  await page.locator('#status', { hasText: 'Stopped.' }).waitFor({ timeout: 50_000 });
  expect(await page.locator('#go').isEnabled()).toBe(true);
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.context().close();
});

test('a wrong key is reported; every field has a name for a screen reader; dark is dark', async () => {
  const { page, foreign } = await opened('dark');
  for (const input of await page.locator('input').all()) {
    const id = await input.getAttribute('id');
    expect(await page.locator(`label[for="${id}"]`).count(), id!).toBe(1);
  }
  expect(await page.locator('[role=status], [aria-live]').count()).toBeGreaterThan(1);
  const background = await page.evaluate(
    "getComputedStyle(document.documentElement).colorScheme + matchMedia('(prefers-color-scheme: dark)').matches",
  );
  expect(background).toBe('light darktrue');
  await page.fill('#key', 'wrong-key');
  await page.press('#key', 'Enter');
  await page.locator('#status.bad', { hasText: 'Invalid ApiKey' }).waitFor();
  expect(foreign).toEqual([]);
  await page.context().close();
});

test('the policy lets nothing in from elsewhere', async () => {
  const answer = await fetch(`${server.url}/live`);
  const policy = answer.headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'sha256-[\w+/=]+' blob:;/);
  expect(policy).not.toContain('unsafe');
  const html = await answer.text();
  expect(html).not.toMatch(/\b(src|href)=/);
  expect(html).not.toMatch(/https?:\/\/(?!127)/);
});
