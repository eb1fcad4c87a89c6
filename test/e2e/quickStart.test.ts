import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeRedProcess } from '../flows/nodeRedProcess.js';
import { speak, TEXTS } from '../support/fliteVoices.js';
import { Editor, openBrowser } from './editor.js';

// What README's "Five minutes in Node-RED" says, with mouse and keyboard, in a Node-RED that has no flow.

let red: NodeRedProcess;
let browser: Browser;
beforeAll(async () => {
  [red, browser] = await Promise.all([NodeRedProcess.start(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await red?.[Symbol.asyncDispose]();
});

const centre = async (place: Locator) => {
  const box = (await place.boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};

async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 10 });
  await page.mouse.up();
}

/** Drags a node in from the palette; `x` and `y` are of the workspace. */
async function dragIn(page: Page, type: string, x: number, y: number): Promise<Locator> {
  const source = page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
  await source.scrollIntoViewIfNeeded();
  const chart = (await page.locator('#red-ui-workspace-chart').boundingBox())!;
  const nodes = page.locator('.red-ui-flow-node-group');
  const before = await nodes.count();
  await drag(page, await centre(source), { x: chart.x + x, y: chart.y + y });
  await expect.poll(() => nodes.count()).toBe(before + 1);
  const id = await nodes.last().getAttribute('id'); // the last one now need not be the last one later
  return page.locator(`[id="${id}"]`);
}

const wire = async (page: Page, from: Locator, to: Locator) =>
  drag(
    page,
    await centre(from.locator('.red-ui-flow-port-output .red-ui-flow-port').first()),
    await centre(to.locator('.red-ui-flow-port-input .red-ui-flow-port').first()),
  );

/** Opens a node's dialog as a user does, enters texts into typed fields as they are, and closes it. */
async function fill(page: Page, node: Locator, texts: Readonly<Record<string, string>>): Promise<void> {
  await node.locator('.red-ui-flow-node').dblclick();
  await page.waitForSelector('.red-ui-tray .red-ui-tray-footer');
  for (const [field, text] of Object.entries(texts)) {
    await page.locator(`#node-input-${field} + .red-ui-typedInput-container .red-ui-typedInput-input`).fill(text);
  }
  await page.click('#node-dialog-ok');
  await page.waitForSelector('.red-ui-tray', { state: 'detached' });
}

async function deploy(page: Page): Promise<void> {
  const from = red.lines.length;
  await page.click('#red-ui-header-button-deploy');
  await red.line(/Started (modified )?(flows|nodes)/, from);
}

const press = (node: Locator) => node.locator('.red-ui-flow-node-button-button').click();
const badgeOf = (node: Locator) => node.locator('.red-ui-flow-node-status-label').textContent();

test('the quick start works as it is written', async () => {
  const hello = speak('slt', TEXTS[0], red.userDir, 'hello.wav');
  const talk = join(red.userDir, 'talk.wav');
  const turns = (['slt', 'awb'] as const).map((voice) => speak(voice, TEXTS[1], red.userDir, `${voice}.wav`));
  execFileSync('sox', [...turns, talk]);
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;

  const source = await dragIn(page, 'audio-source', 200, 60);
  const enroll = await dragIn(page, 'enroll-speaker', 500, 60);
  await wire(page, source, enroll);
  await fill(page, source, { file: hello });
  await fill(page, enroll, { speakerId: 'alice' });
  await deploy(page);
  await press(source);
  await expect.poll(() => badgeOf(enroll)).toBe('alice ✓');

  await press(source);
  await expect.poll(() => badgeOf(enroll)).toBe('same recording again');

  const second = await dragIn(page, 'audio-source', 200, 200);
  const identify = await dragIn(page, 'identify-speakers', 500, 200);
  const debug = await dragIn(page, 'debug', 800, 200);
  await wire(page, second, identify);
  await wire(page, identify, debug);
  await fill(page, second, { file: talk });
  await deploy(page);
  await press(second);
  await expect.poll(() => badgeOf(identify)).toBe('alice +1');

  const flows = (await red.json('/flows')) as { type: string; store?: string; id: string }[];
  const stores = flows.filter(({ type }) => type === 'speaker-store');
  expect(stores).toHaveLength(1); // both nodes share the one that came with the first
  const users = flows.filter(({ type }) => ['enroll-speaker', 'identify-speakers'].includes(type));
  expect(users.map(({ store }) => store)).toEqual([stores[0]!.id, stores[0]!.id]);
});
