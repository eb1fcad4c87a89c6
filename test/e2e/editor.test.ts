import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Flow, NodeRedProcess, packageRoot } from '../flows/nodeRedProcess.js';
import { Editor, openBrowser } from './editor.js';

const PALETTE = ['audio-source', 'enroll-speaker', 'identify-speakers', 'speaker-registry', 'ui-voices'];
const TYPES = [...PALETTE, 'speaker-store'];
/** Where to keep pictures of the dialogs, for a person to look at. */
const pictures = process.env.VOICE_PRINTS_PICTURES;
const examplesDir = join(packageRoot, 'examples');
const exampleNames = readdirSync(examplesDir).filter((name) => name.endsWith('.json'));
const example = (name: string): Flow => JSON.parse(readFileSync(join(examplesDir, name), 'utf8'));

/** One node of every type, and whatever else the examples hold, each once. */
const everything = [...new Map(exampleNames.flatMap(example).map((node) => [node.id, node])).values()];

let red: NodeRedProcess;
let browser: Browser;
beforeAll(async () => {
  if (pictures) mkdirSync(pictures, { recursive: true });
  [red, browser] = await Promise.all([NodeRedProcess.start({ hasDashboard: true }), openBrowser()]);
  await red.deploy(everything);
});
afterAll(async () => {
  await browser?.close();
  await red?.[Symbol.asyncDispose]();
});

/** The palette manager asks the catalogue on the internet, which a test machine may not reach. */
const ours = (complaints: readonly string[]) => complaints.filter((text) => !text.includes('catalogue.nodered.org'));

describe.each([
  { language: 'en-US', category: 'speaker identification', label: 'identify speakers', help: 'Identifies who speaks' },
  { language: 'de', category: 'Sprechererkennung', label: 'Sprecher erkennen', help: 'Sagt, wer in einer Aufnahme' },
] as const)('the editor in $language', ({ language, category, label, help }) => {
  let editor: Editor;
  beforeAll(async () => {
    editor = await Editor.open(browser, red.url, language);
  });
  afterAll(() => editor?.[Symbol.asyncDispose]());

  test('the palette shows the nodes under a heading of their own', async () => {
    const group = editor.page.locator('#red-ui-palette-container-speaker_identification');
    expect(await group.locator('.red-ui-palette-header').textContent()).toContain(category);
    const types = await group
      .locator('.red-ui-palette-node')
      .evaluateAll((nodes) => nodes.map((node) => node.getAttribute('data-palette-type')));
    expect(types.sort()).toEqual(PALETTE);
    expect(((await group.textContent()) ?? '').replace(/\s+/g, ' ')).toContain(label);
  });

  test.each(TYPES)('the dialog of %s opens without a complaint, every text translated', async (type) => {
    const node = everything.find((candidate) => candidate.type === type)!;
    await editor.edit(node.id);
    const dialog = editor.page.locator('.red-ui-tray-body');
    const shown = await dialog.textContent();
    expect(shown).not.toMatch(new RegExp(`${type}\\.\\w+`)); // a key without a text
    expect(await dialog.locator('label:visible').count()).toBeGreaterThan(2);
    if (pictures) await editor.page.screenshot({ path: join(pictures, `${language}-${type}.png`) });
    await editor.closeDialog();
    expect(ours(editor.complaints)).toEqual([]);
  });

  test('the help of a node is shown', async () => {
    const shown = await editor.page.evaluate(() => {
      const { RED } = globalThis as unknown as { RED: { nodes: { getNodeHelp(type: string): string } } };
      return RED.nodes.getNodeHelp('identify-speakers');
    });
    expect(shown).toContain(help);
  });

  test.each(TYPES)('the help of %s has no markdown left over', async (type) => {
    const left = await editor.page.evaluate((shown) => {
      const { RED } = globalThis as unknown as { RED: { nodes: { getNodeHelp(type: string): string } } };
      const page = new DOMParser().parseFromString(RED.nodes.getNodeHelp(shown), 'text/html');
      for (const code of page.querySelectorAll('code')) code.textContent = 'code';
      return (page.body.textContent ?? '').split('\n').filter((line) => /`|^\s*:|\) : /.test(line));
    }, type);
    expect(left).toEqual([]);
  });

  test.each(TYPES)('no label of the dialog of %s runs into its field', async (type) => {
    const node = everything.find((candidate) => candidate.type === type)!;
    await editor.edit(node.id);
    const wide = await editor.page.evaluate(() => {
      const form = document.querySelector('.voice-prints-form')!;
      for (const part of form.querySelectorAll<HTMLElement>('*'))
        if (part.style.display === 'none') part.style.display = '';
      const labels = [...form.querySelectorAll<HTMLElement>('.form-row > label:first-child')];
      return labels.filter((label) => label.scrollWidth > label.clientWidth).map((label) => label.textContent);
    });
    await editor.closeDialog();
    expect(wide).toEqual([]);
  });

  test('no imported node is marked as wrong', async () => {
    const wrong = await editor.page.evaluate(() => {
      interface Shown {
        type: string;
        id: string;
        valid?: boolean;
        validationErrors?: string[];
      }
      const { RED } = globalThis as unknown as { RED: { nodes: { eachNode(see: (node: Shown) => void): void } } };
      const found: string[] = [];
      RED.nodes.eachNode((node) => {
        if (node.valid === false) found.push(`${node.type} ${node.id} ${node.validationErrors}`);
      });
      return found;
    });
    expect(wrong).toEqual([]);
  });
});

test('fields are checked by what is chosen in the dialog, also before it is saved', async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  const wrong = () => page.locator('.voice-prints-form .input-error:visible').count();
  const flow = { id: 'checked', type: 'audio-source', z: everything.find(({ type }) => type === 'tab')!.id, wires: [] };
  await editor.importFlow([{ ...flow, version: 2, mode: 'message', file: '', fileType: 'str', sipPort: 'none' }]);
  await editor.edit('checked');
  expect(await wrong()).toBe(0);
  await page.selectOption('#node-input-mode', 'file');
  await expect.poll(wrong).toBe(1); // a file is missing
  await page.selectOption('#node-input-mode', 'rtsp');
  await expect.poll(wrong).toBe(1); // an address is missing
  await page.selectOption('#node-input-mode', 'sip');
  await expect.poll(wrong).toBe(1); // the port
  await page.selectOption('#node-input-mode', 'microphone');
  await expect.poll(wrong).toBe(0);
  await page.click('#node-dialog-ok');
  const isValid = await page.evaluate(() => {
    const { RED } = globalThis as unknown as { RED: { nodes: { node(id: string): { valid: boolean } } } };
    return RED.nodes.node('checked').valid;
  });
  expect(isValid).toBe(true);
});

test('one message per turn gives the node its second port and shows the topic', async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const node = everything.find(({ type, output }) => type === 'identify-speakers' && output === 'whole')!;
  await editor.edit(node.id);
  await editor.page.selectOption('#node-input-output', 'turns');
  await editor.page.fill('#node-input-site', 'hall');
  expect(await editor.page.locator('#identify-speakers-topic').textContent()).toBe('speaker-id/hall/event');
  await editor.page.click('#node-dialog-ok');
  const state = await editor.page.evaluate((id) => {
    const { RED } = globalThis as unknown as { RED: { nodes: { node(id: string): Record<string, unknown> } } };
    const { outputs, site, output } = RED.nodes.node(id);
    return { outputs, site, output };
  }, node.id);
  expect(state).toEqual({ outputs: 2, site: 'hall', output: 'turns' });
});

test('the store makes an API key and shows where the API answers', async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const store = everything.find(({ type }) => type === 'speaker-store')!;
  await editor.edit(store.id);
  await editor.page.check('#node-config-input-isRestOn');
  await editor.page.click('#speaker-store-make-key');
  expect(await editor.page.inputValue('#node-config-input-apiKey')).toMatch(/^[A-Za-z2-9]{32}$/);
  expect(await editor.page.locator('#speaker-store-url').textContent()).toBe(`${red.url}/voice-prints/v1/speakers`);
  if (pictures) await editor.page.screenshot({ path: join(pictures, 'store-rest.png') });
  await editor.closeDialog();
});

test('keys of other programs are made, replaced and revoked in the dialog, each shown once', async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  const store = everything.find(({ type }) => type === 'speaker-store')!;
  const rows = page.locator('.speaker-store-key');
  const shown = page.locator('#speaker-store-key-text');
  const answer = (text: string) => page.locator('.red-ui-notification button', { hasText: text }).click();
  await editor.edit(store.id);
  await page.check('#node-config-input-isRestOn');
  await page.click('#speaker-store-new-key');
  await page.fill('#speaker-store-key-label', '<b>door</b>');
  await page.uncheck('#speaker-store-key-scopes input[value=identify]');
  expect(await page.isDisabled('#speaker-store-key-create')).toBe(true);
  await page.check('#speaker-store-key-scopes input[value=enrol]');
  if (pictures) await page.screenshot({ path: join(pictures, 'store-keys-form.png') });
  await page.click('#speaker-store-key-create');
  await shown.waitFor();
  const first = await shown.textContent();
  expect(first).toMatch(/^vp_[\w-]{32}$/);
  await rows.first().waitFor();
  expect(await rows.first().textContent()).toMatch(/<b>door<\/b> key-[0-9a-f]{8}local · enrol · created /);
  if (pictures) await page.screenshot({ path: join(pictures, 'store-keys.png') });
  await rows.first().locator('button[title=Replace]').click();
  await answer('The old one stays valid for a day');
  await expect.poll(() => rows.count()).toBe(2);
  expect(await shown.textContent()).not.toBe(first);
  expect(await rows.filter({ hasText: 'valid until' }).count()).toBe(1);
  await rows.filter({ hasText: 'valid until' }).locator('button[title=Revoke]').click();
  await answer('Revoke');
  await expect.poll(() => rows.filter({ hasText: 'ended' }).count()).toBe(1);
  expect(await rows.filter({ hasText: 'ended' }).locator('button').count()).toBe(0);
  if (pictures) await page.screenshot({ path: join(pictures, 'store-keys-revoked.png') });
  await editor.closeDialog();
  await editor.edit(store.id);
  await page.check('#node-config-input-isRestOn');
  await expect.poll(() => rows.count()).toBe(2);
  expect(await page.locator('.red-ui-tray-body').textContent()).not.toMatch(/vp_/);
  await editor.closeDialog();
  expect(ours(editor.complaints)).toEqual([]);
});

test('a store that is not deployed says so where its keys would be', async () => {
  await using editor = await Editor.open(browser, red.url, 'de');
  await editor.importFlow([{ id: 'fresh', type: 'speaker-store', version: 3, isRestOn: true }]);
  await editor.edit('fresh');
  const list = editor.page.locator('#speaker-store-keys');
  await expect.poll(() => list.textContent()).toContain('Erst übernehmen');
  expect(await editor.page.isDisabled('#speaker-store-new-key')).toBe(true);
  if (pictures) await editor.page.screenshot({ path: join(pictures, 'store-keys-new.png') });
});

test('nodes of an earlier release get what they lack when their dialog opens, and keep what was chosen', async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  const tab = everything.find(({ type }) => type === 'tab')!.id;
  const store = everything.find(({ type }) => type === 'speaker-store')!.id;
  const saved = (id: string) =>
    page.evaluate((nodeId) => {
      const { RED } = globalThis as unknown as { RED: { nodes: { node(id: string): Record<string, unknown> } } };
      const { version, isAutostart, transport, url, isPath, property, queueLimit } = RED.nodes.node(nodeId);
      return { version, isAutostart, transport, url, isPath, property, queueLimit };
    }, id);
  await editor.importFlow([
    {
      id: 'camera',
      type: 'audio-source',
      z: tab,
      wires: [],
      mode: 'rtsp',
      url: 'rtsp://me:s%20p@cam/1',
      urlType: 'str',
    },
    { id: 'names', type: 'identify-speakers', z: tab, wires: [], store, property: 'file', propertyType: 'msg' },
  ]);
  await editor.edit('camera');
  await page.click('#node-dialog-ok');
  await page.waitForSelector('.red-ui-tray', { state: 'detached' });
  expect(await saved('camera')).toMatchObject({
    version: '4',
    isAutostart: true,
    transport: 'tcp',
    url: 'rtsp://cam/1',
  });
  await editor.edit('camera'); // the password has left the address
  expect(await page.inputValue('#node-input-user')).toBe('me');
  await editor.closeDialog();
  await editor.edit('names');
  await page.click('#node-dialog-ok');
  await page.waitForSelector('.red-ui-tray', { state: 'detached' });
  expect(await saved('names')).toMatchObject({ version: '3', isPath: true, property: 'file', queueLimit: '20' });
});

test('the dialog of the registry shows what its action needs, and a node that is dragged in gets the store', async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  const z = everything.find(({ type }) => type === 'tab')!.id;
  const given = await page.evaluate((tab) => {
    interface Nodes {
      getType(type: string): { onadd(): void };
      eachConfig(see: (node: { id: string; type: string }) => void): void;
      remove(id: string): void;
    }
    const { nodes } = (globalThis as unknown as { RED: { nodes: Nodes } }).RED;
    const stores = () => {
      const ids: string[] = [];
      nodes.eachConfig(({ id, type }) => {
        if (type === 'speaker-store') ids.push(id);
      });
      return ids;
    };
    const storeOf = (type: string) => {
      const node: { z: string; store?: string } = { z: tab };
      nodes.getType(type).onadd.call(node);
      return node.store;
    };
    const [only, ...others] = stores();
    const ofSeveral = storeOf('enroll-speaker');
    for (const id of others) nodes.remove(id);
    const ofOne = ['enroll-speaker', 'identify-speakers', 'speaker-registry'].map(storeOf);
    nodes.remove(only!);
    const added = storeOf('enroll-speaker');
    return { only, others, ofSeveral, ofOne, added, left: stores() };
  }, z);
  expect(given.others).not.toEqual([]);
  expect(given.ofSeveral).toBeUndefined(); // the user chooses
  expect(given.ofOne).toEqual([given.only, given.only, given.only]);
  expect(given.left).toEqual([given.added]);
  const settings = {
    store: given.added,
    actionType: 'action',
    speakerId: '',
    speakerIdType: 'str',
    newName: 'x',
    newNameType: 'str',
  };
  await editor.importFlow([
    { id: 'jobs', type: 'speaker-registry', z, wires: [], version: 2, action: 'jobs', ...settings },
    { id: 'rename', type: 'speaker-registry', z, wires: [], version: 2, action: 'rename', ...settings },
  ]);
  const shown = () => page.locator('.speaker-registry-for:visible').count();
  await editor.edit('jobs');
  expect(await shown()).toBe(1);
  await page.click('#node-dialog-ok');
  await page.waitForSelector('.red-ui-tray', { state: 'detached' });
  await editor.edit('rename');
  expect(await shown()).toBe(2);
  await editor.closeDialog();
  const nodes = await page.evaluate(() => {
    interface Shown {
      inputs: unknown;
      validationErrors?: string[];
    }
    const { RED } = globalThis as unknown as { RED: { nodes: { node(id: string): Shown } } };
    return { inputs: RED.nodes.node('jobs').inputs, wrong: RED.nodes.node('rename').validationErrors };
  });
  expect(Number(nodes.inputs)).toBe(0);
  expect(nodes.wrong).toHaveLength(1); // who is renamed
  expect(nodes.wrong?.[0]).not.toMatch(/speaker-registry\./);
});
