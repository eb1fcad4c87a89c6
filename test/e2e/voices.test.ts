import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Flow, NodeRedProcess } from '../flows/nodeRedProcess.js';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';
import { Editor, openBrowser } from './editor.js';

/** The side bar "Voices" and what the dialogs try at once, in a real editor whose browser's microphone plays Sally's voice. */
const PATIENCE_MS = 240_000;
/** Where to keep pictures, for a person to look at. */
const pictures = process.env.VOICE_PRINTS_PICTURES;

/** The colours that themes for Node-RED change, as its own dark theme has them. */
const DARK = `:root { --red-ui-primary-background: #262626; --red-ui-secondary-background: #1c1c1c; --red-ui-form-background: #1c1c1c;
--red-ui-form-input-background: #333; --red-ui-form-input-border-color: #555; --red-ui-form-text-color: #ddd;
--red-ui-primary-text-color: #ddd; --red-ui-secondary-text-color: #aaa; --red-ui-secondary-border-color: #444;
--red-ui-text-color-error: #ff7b72; --red-ui-text-color-success: #56d364; --red-ui-text-color-warning: #e3b341; }`;

let red: NodeRedProcess;
let browser: Browser;
let audio: SpokenAudio;
beforeAll(async () => {
  if (pictures) mkdirSync(pictures, { recursive: true });
  audio = spokenAudio();
  const microphone = join(audio.directory, 'microphone.wav');
  execFileSync('sox', [audio.slt, '-r', '48000', microphone]);
  const talk = join(audio.directory, 'sally-ray-sally.wav');
  const part = (name: string) => join(audio.directory, name);
  execFileSync('sox', [part('turn0.wav'), audio.rms, part('turn3.wav'), talk]);
  [red, browser] = await Promise.all([
    NodeRedProcess.start(),
    openBrowser([
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
    ]),
  ]);
  await red.deploy([
    { id: 'tab', type: 'tab', label: 'Hall' },
    { id: 'store', type: 'speaker-store', version: 3, name: 'Household' },
    {
      id: 'source',
      type: 'audio-source',
      z: 'tab',
      x: 150,
      y: 100,
      version: 2,
      name: 'Hall microphone',
      mode: 'liveFile',
      file: talk,
      fileType: 'str',
      isAutostart: false,
      site: 'hall',
      outputs: 2,
      wires: [['identify'], ['identify']],
    },
    {
      id: 'identify',
      type: 'identify-speakers',
      z: 'tab',
      x: 400,
      y: 100,
      ...{ version: 3, property: 'payload', propertyType: 'msg', speakers: '', speakersType: 'str' },
      ...{ resultProperty: 'payload', topicBase: 'speaker-id', site: 'home', queueLimit: '20' },
      store: 'store',
      output: 'auto',
      outputs: 3,
      wires: [[], [], []],
    },
    {
      id: 'enroll',
      type: 'enroll-speaker',
      z: 'tab',
      x: 400,
      y: 200,
      ...{ version: 2, property: 'payload', propertyType: 'msg', resultProperty: 'payload', queueLimit: '20' },
      ...{ speakerId: 'kay', speakerIdType: 'str', speakerName: 'Kay', speakerNameType: 'str', store: 'store' },
      wires: [[], []],
    },
  ] as unknown as Flow);
});
afterAll(async () => {
  await browser?.close();
  await red?.[Symbol.asyncDispose]();
  audio?.[Symbol.dispose]();
});

/** The palette manager asks the catalogue on the internet, which a test machine may not reach. */
const ours = (complaints: readonly string[]) => complaints.filter((text) => !text.includes('catalogue.nodered.org'));
const shot = async (page: Page, name: string) => {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
};
/** Node-RED 5 follows the browser; in 4 dark themes are colours that users add. */
const paint = async (page: Page, theme: 'light' | 'dark') => {
  if (theme === 'dark') await page.evaluate(() => document.documentElement.classList.add('nr-theme-dark'));
  if (theme === 'dark' && red.lines.some((line) => /Node-RED version: v4/.test(line)))
    await page.addStyleTag({ content: DARK });
};
const showVoices = (page: Page) =>
  page.evaluate(() => {
    const { RED } = globalThis as unknown as { RED: { actions: { invoke(name: string): void } } };
    RED.actions.invoke('voice-prints:show-voices');
  });
/** Calls of the store, as the side bar makes them. */
const store = () => `${red.url}/voice-prints/stores/store/v1`;
const people = async () => {
  const { speakers } = (await (await fetch(`${store()}/speakers`)).json()) as { speakers: { name: string }[] };
  return speakers.map(({ name }) => name);
};
/** Starts the source: a conversation of Sally, Ray, and Sally again. */
const speak = () => fetch(`${red.url}/voice-prints/audio-source/source`, { method: 'POST' });

test('enrol by speaking, see the name, name an unknown voice, which the next conversation knows, and undo it', {
  timeout: 600_000,
}, async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  const panel = page.locator('.red-ui-sidebar-voice-prints');
  const button = (name: string) => panel.getByRole('button', { name, exact: true });
  await showVoices(page);
  await button('People').click();
  await shot(page, 'people-none');
  await button('Enrol someone').click();
  const dialog = page.locator('dialog.vp-modal');
  await dialog.getByLabel('Name').fill('Sally');
  await dialog.getByLabel(/The person was shown this text/).check();
  await dialog.getByRole('button', { name: 'Record' }).click();
  await dialog.locator('.vp-live-hint', { hasText: 'That is enough speech' }).waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'enrol-recording');
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await dialog.getByRole('button', { name: 'Save the voice' }).click();
  await dialog.getByRole('status').filter({ hasText: 'Sally is enrolled' }).waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'enrol-saved');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await panel.locator('.vp-card', { hasText: 'Sally' }).waitFor();
  await shot(page, 'people');

  expect(await panel.getByText('Last heard').count()).toBe(0);
  await button('Now').click();
  await shot(page, 'now-none');
  await speak();
  const turns = panel.locator('.vp-reviewed > li');
  await turns.filter({ hasText: 'Sally' }).first().waitFor({ timeout: PATIENCE_MS });
  const unknown = turns.filter({ hasText: 'unknown-' }).first();
  await unknown.waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'now');
  // Ray has spoken long enough once the next turn is there, too.
  await expect.poll(() => turns.filter({ hasText: 'Sally' }).count(), { timeout: PATIENCE_MS }).toBeGreaterThan(1);
  await unknown.getByRole('button', { name: 'This is …' }).click();
  await dialog.getByLabel('Name').fill('<b>Ray</b>');
  await dialog.getByLabel(/The person was shown this text/).check();
  await shot(page, 'say-who');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('status').filter({ hasText: '<b>Ray</b> is enrolled' }).waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'said-who');
  await dialog.getByRole('button', { name: 'Done' }).click();
  const ray = turns.filter({ hasText: '<b>Ray</b>' });
  await ray.filter({ hasText: 'corrected' }).first().waitFor();
  await shot(page, 'now-named');

  // The next conversation knows him by himself.
  await expect
    .poll(
      async () => {
        const { sources } = (await (await fetch(`${store()}/sources`)).json()) as { sources: object[] };
        return sources.length;
      },
      { timeout: PATIENCE_MS },
    )
    .toBe(0);
  await speak();
  await ray
    .locator('.vp-badge', { hasText: /^certain \d+%$/ })
    .first()
    .waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'now-next');

  await ray.getByRole('button', { name: 'Undo' }).first().click();
  await expect.poll(people, { timeout: PATIENCE_MS }).toEqual(['Sally']);
  await turns.filter({ hasText: 'unknown-' }).first().waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'now-undone');
  await button('People').click();
  await panel.locator('.vp-card', { hasText: 'Sally' }).getByText('Last heard').waitFor({ timeout: PATIENCE_MS });
  expect(await panel.locator('b').count()).toBe(0);
  expect(ours(editor.complaints)).toEqual([]);
});

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  test('a recording is tried in the dialog of identify-speakers, with what is chosen there', {
    timeout: 300_000,
  }, async () => {
    await using editor = await Editor.open(browser, red.url, 'de', theme);
    const { page } = editor;
    await paint(page, theme);
    await editor.edit('identify');
    await page.getByRole('button', { name: 'Ausprobieren' }).click();
    await page.setInputFiles('#identify-speakers-tried input[type=file]', audio.talk);
    const box = page.locator('#identify-speakers-tried');
    await box.locator('.vp-drawing svg g').first().waitFor({ timeout: PATIENCE_MS });
    await box.locator('.vp-reviewed li').first().waitFor({ timeout: PATIENCE_MS });
    await box.locator('.vp-drawing').scrollIntoViewIfNeeded();
    await shot(page, `${theme}-try`);
    await box.getByText('Warum?').first().click();
    await box.locator('.vp-reviewed').scrollIntoViewIfNeeded();
    await shot(page, `${theme}-try-turns`);
    await editor.closeDialog();
    expect(ours(editor.complaints)).toEqual([]);
  });
  test('somebody is enrolled in the dialog of enroll-speaker', { timeout: 300_000 }, async () => {
    await using editor = await Editor.open(browser, red.url, 'en-US', theme);
    const { page } = editor;
    await paint(page, theme);
    await editor.edit('enroll');
    await page.getByRole('button', { name: 'Enrol somebody now' }).click();
    const box = page.locator('#enroll-speaker-here');
    await box.getByRole('button', { name: 'Record' }).waitFor();
    expect(await box.getByLabel('Name').inputValue()).toBe('Kay');
    await box.scrollIntoViewIfNeeded();
    await shot(page, `${theme}-enrol-dialog`);
    await page.setInputFiles('#enroll-speaker-here input[type=file] >> nth=0', audio.rms);
    await box.getByRole('button', { name: 'Enrol what fits: 1' }).waitFor({ timeout: PATIENCE_MS });
    await shot(page, `${theme}-tried-dialog`);
    expect(await people()).not.toContain('Kay');
    await box.getByRole('button', { name: 'Enrol what fits: 1' }).click();
    await box.locator('.vp-plans li', { hasText: 'complete' }).waitFor({ timeout: PATIENCE_MS });
    await shot(page, `${theme}-enrolled-dialog`);
    await box.getByRole('button', { name: 'Done' }).click();
    await box.waitFor({ state: 'hidden' });
    await editor.closeDialog();
    expect(await people()).toContain('Kay');
    await fetch(`${store()}/speakers/kay`, { method: 'DELETE' });
    expect(ours(editor.complaints)).toEqual([]);
  });
});

test('a live source is tested in its dialog before it is deployed', { timeout: 300_000 }, async () => {
  await using editor = await Editor.open(browser, red.url, 'en-US');
  const { page } = editor;
  await editor.edit('source');
  const button = page.locator('#audio-source-test');
  const state = page.locator('#audio-source-tested [role=status]');
  await button.click();
  await expect.poll(() => page.locator('#audio-source-tested meter').getAttribute('value')).not.toBe('-70');
  await shot(page, 'source-testing');
  await state.filter({ hasText: /It works: 8 s of sound/ }).waitFor({ timeout: PATIENCE_MS });
  expect(await button.textContent()).toContain('Test');
  await page.fill('.red-ui-typedInput-input:visible', '/no/such.wav');
  await button.click();
  await state.filter({ hasText: 'there is no file' }).waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'source-tested');
  await editor.closeDialog();
  expect(ours(editor.complaints)).toEqual([]);
});

describe.each(['light', 'dark'] as const)('the side bar in the %s theme', (theme) => {
  test('shows every part, by keyboard as well', { timeout: 300_000 }, async () => {
    await using editor = await Editor.open(browser, red.url, 'de', theme);
    const { page } = editor;
    await paint(page, theme);
    await showVoices(page);
    const panel = page.locator('.red-ui-sidebar-voice-prints');
    for (const [name, shown] of [
      ['Personen', '.vp-card'],
      ['Unbekannte', '.vp-unknown .vp-hint'],
      ['Aufnahme', '.vp-drop'],
      ['Jetzt', '.vp-reviewed li'],
    ] as const) {
      await panel.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press('Enter');
      await panel.locator(shown).first().waitFor({ timeout: PATIENCE_MS });
      await shot(page, `${theme}-${name}`);
    }
    await panel.getByRole('button', { name: 'Personen', exact: true }).click();
    await panel.getByRole('button', { name: 'Proben' }).first().click();
    await page.locator('dialog .vp-rows li').first().waitFor();
    await shot(page, `${theme}-Proben`);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(ours(editor.complaints)).toEqual([]);
  });
});

test('a store that is not deployed says so, and is there after the deploy; who may only look is offered no change', {
  timeout: 300_000,
}, async () => {
  /** bcrypt of "password", as in Node-RED's own documentation. */
  const password = '$2a$08$zZWtXTja0fB1pzD4sHCMyOCMYz2Z6dNbM6tl8sJogENOMcxWV9DN.';
  const users = [{ username: 'olga', password, permissions: '*' }];
  await using looking = await NodeRedProcess.start({
    settings: { adminAuth: { type: 'credentials', users, default: { permissions: 'read' } } },
  });
  await using editor = await Editor.open(browser, looking.url, 'en-US');
  const { page } = editor;
  const panel = page.locator('.red-ui-sidebar-voice-prints');
  const stores = [{ id: 'new', type: 'speaker-store', version: 3, name: 'New' }];
  await showVoices(page);
  await panel.getByText('This flow has no speaker store').waitFor({ timeout: PATIENCE_MS });
  await editor.importFlow(stores);
  await panel.getByText('not deployed yet').waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'not-deployed');
  const wanted = { client_id: 'node-red-admin', grant_type: 'password', scope: '', username: 'olga' };
  const body = new URLSearchParams({ ...wanted, password: 'password' });
  const token = (await (await fetch(`${looking.url}/auth/token`, { method: 'POST', body })).json()) as {
    access_token: string;
  };
  const headers = { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' };
  await fetch(`${looking.url}/flows`, { method: 'POST', headers, body: JSON.stringify(stores) });
  await looking.line(/Started flows/);
  await panel.getByRole('button', { name: 'Refresh' }).click();
  await panel.getByText('Nobody has spoken yet').waitFor({ timeout: PATIENCE_MS });
  await panel.getByRole('button', { name: 'People', exact: true }).click();
  await panel.getByText('Nobody is enrolled yet').waitFor({ timeout: PATIENCE_MS });
  expect(await panel.getByRole('button', { name: 'Enrol someone' }).count()).toBe(0);
  await panel.getByRole('button', { name: 'Recording', exact: true }).click();
  await panel.getByText('You may look').waitFor();
  await shot(page, 'read-only');
});
