import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { DROP_IN_OPERATIONS } from '../../src/api/openapi/dropInOperations.js';
import { OPERATIONS } from '../../src/api/openapi/operations.js';
import { type RunningServer, serve } from '../../src/api/serve.js';
import { listeningEngine } from '../support/scriptedEngine.js';
import { openBrowser } from './editor.js';

/** The page of the calls in a real browser; it asks the server for their description only. */
let server: RunningServer;
let browser: Browser;
beforeAll(async () => {
  server = await serve({ engine: listeningEngine().engine, keys: ApiKeys.fromPairs('acme:acme-key'), port: 0 });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const CALLS = OPERATIONS.length + DROP_IN_OPERATIONS.length;

test.each(['light', 'dark'] as const)('every call is shown and can be opened by keyboard, %s', async (colorScheme) => {
  const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 800 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${server.url}/docs#addSample`);
  await page.locator('#status', { hasText: `${CALLS} calls` }).waitFor();
  const headings = await page.locator('summary h2').allTextContents();
  expect(headings).toHaveLength(CALLS);
  expect(headings).toContain('POST /v1/identify');
  expect(await page.locator('#addSample').textContent()).toContain('multipart/form-data');
  expect(await page.locator('details[open]').count()).toBe(1);
  await page.locator('#identify summary').focus();
  await page.keyboard.press('Enter');
  await page.locator('#identify code', { hasText: 'falseAcceptPercent' }).first().waitFor({ state: 'visible' });
  // Narrow screens need no scrolling sideways.
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  expect(complaints).toEqual([]);
  expect(new Set(asked)).toEqual(new Set([`${server.url}/docs`, `${server.url}/v1/openapi.json`]));
  await context.close();
});

test('its policy lets nothing in from elsewhere, and it has nothing from there', async () => {
  const answer = await fetch(`${server.url}/docs`);
  const policy = answer.headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  const html = await answer.text();
  expect(html).not.toMatch(/\b(src|href)=/);
  expect(html).not.toMatch(/https?:\/\//);
});
