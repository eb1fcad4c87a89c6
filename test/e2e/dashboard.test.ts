import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Flow, NodeRedProcess, packageRoot } from '../flows/nodeRedProcess.js';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';
import { until } from '../support/until.js';
import { Editor, openBrowser } from './editor.js';

/** The widget `ui-voices` in a real Dashboard 2; the browser's microphone plays Sally's voice. */
const PATIENCE_MS = 240_000;
/** Where to keep pictures, for a person to look at. */
const pictures = process.env.VOICE_PRINTS_PICTURES;
const example: Flow = JSON.parse(
  readFileSync(join(packageRoot, 'examples/20 - Show who speaks on a dashboard.json'), 'utf8'),
);

let red: NodeRedProcess;
let browser: Browser;
let audio: SpokenAudio;
beforeAll(async () => {
  if (pictures) mkdirSync(pictures, { recursive: true });
  audio = spokenAudio();
  const microphone = join(audio.directory, 'microphone.wav');
  execFileSync('sox', [audio.slt, '-r', '48000', microphone]);
  [red, browser] = await Promise.all([
    NodeRedProcess.start({ hasDashboard: true }),
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

const shot = async (page: Page, name: string) => {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
};

/** A page of the dashboard, with the errors it complains about. */
async function openDashboard(width = 1280): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width, height: 800 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${red.url}/dashboard/voices`, { timeout: PATIENCE_MS });
  return { page, complaints };
}

const tiles = (page: Page) => page.locator('.vp-tile');
const rows = (page: Page) => page.locator('.vp-drawing svg .vp-label');

/** The example without what speaks: messages come from the test. */
const HTTP: Flow = [
  { id: 'in', type: 'http in', z: 'vp20000000000001', url: '/say', method: 'post', x: 100, y: 400, wires: [['said']] },
  {
    id: 'said',
    type: 'change',
    z: 'vp20000000000001',
    rules: [
      { t: 'move', p: 'payload', pt: 'msg', to: 'said', tot: 'msg' },
      { t: 'set', p: 'topic', pt: 'msg', to: 'said.topic', tot: 'msg' },
      { t: 'set', p: 'payload', pt: 'msg', to: 'said.payload', tot: 'msg' },
    ],
    x: 300,
    y: 400,
    wires: [['vp20000000000016', 'vp20000000000017', 'answer']],
  },
  { id: 'answer', type: 'http response', z: 'vp20000000000001', x: 500, y: 400, wires: [] },
];
const quiet = example.filter(({ type }) => type !== 'inject').concat(HTTP);
const say = (topic: string, payload: unknown) =>
  fetch(`${red.url}/say`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ topic, payload }),
  });
const turn = (turnId: string, speaker: string | null, [start, end]: readonly [number, number]) => ({
  event_type: speaker === null ? 'unknown' : 'identified',
  ...{ site: 'hall', session_id: 's1', turn_id: turnId, speaker, speaker_id: speaker === null ? null : 'eve' },
  ...{ score: 0.98, margin: 0.5, start, end, candidates: [], ...(speaker === null && { cluster: 'unknown-1' }) },
});

test('names are texts, corrections are followed, and a page that opens later shows the same', {
  timeout: 240_000,
}, async () => {
  await red.deploy(quiet);
  const { page, complaints } = await openDashboard();
  await page.getByText('Nobody is here.').waitFor({ timeout: PATIENCE_MS });
  await page.getByText('Nobody has spoken yet.').waitFor();
  await shot(page, 'dashboard-nobody');
  const hostile = '<img src=x onerror="alert(1)">';
  await say('speaker-id/hall/event', turn('t1', hostile, [1, 4]));
  await say('speaker-id/hall/event', turn('t2', null, [5, 8]));
  await say('speaker-id/hall/attributes', {
    speakers: [{ speaker_id: 'eve', speaker: hostile, score: 0.98, last_heard: '2026-01-01T00:00:00.000Z' }],
    last: null,
  });
  await tiles(page).filter({ hasText: hostile }).waitFor();
  await until(
    async () => rows(page).allTextContents(),
    (all) => all.length === 2 && all[0]!.startsWith('<img src=x'),
  );
  expect(await page.locator('.vp-widget img').count()).toBe(0);
  await say('speaker-id/hall/relabel', {
    ...{ event_type: 'relabel', session_id: 's1', turn_ids: ['t2'], cluster: null, speaker: 'Carol' },
    ...{ speaker_id: 'carol', score: 0.9, site: 'hall' },
  });
  await rows(page).filter({ hasText: 'Carol' }).waitFor();
  for (const payload of ['text', 7, null, { event_type: 'identified' }, { speakers: 'all' }, Array(3).fill('x')]) {
    expect((await say('speaker-id/hall/attributes', payload)).status).toBe(200);
  }
  const later = await openDashboard(390);
  await tiles(later.page).filter({ hasText: hostile }).waitFor({ timeout: PATIENCE_MS });
  await rows(later.page).filter({ hasText: 'Carol' }).waitFor();
  await shot(later.page, 'dashboard-narrow');
  await say('speaker-id/speakers/carol', '');
  await rows(page).filter({ hasText: 'Carol' }).waitFor({ state: 'detached' });
  await say('speaker-id/hall/speaker', 'unknown');
  await tiles(page).filter({ hasText: 'unknown voice' }).waitFor();
  await say('speaker-id/hall/speaker', 'nobody');
  await page.getByText('Nobody is here.').waitFor();
  await say('', []);
  await page.getByText('Nobody has spoken yet.').waitFor();
  expect([...complaints, ...later.complaints]).toEqual([]);
  expect(red.lines.join('\n')).not.toMatch(/\[error\]/);
});

test('browsers cannot make the node send or show anything, and a deploy empties it', async () => {
  await red.deploy(quiet);
  const { page } = await openDashboard();
  await page.getByText('Nobody is here.').waitFor({ timeout: PATIENCE_MS });
  await page.evaluate(() => {
    interface App {
      readonly _context: { readonly provides: Readonly<Record<string, { emit(...values: unknown[]): void }>> };
    }
    const { __vue_app__: app } = document.querySelector('#app') as unknown as { readonly __vue_app__: App };
    const socket = app._context.provides.$socket!;
    const forged = { payload: { places: [{ site: 'x', people: [], isUnknown: true }], streams: [] } };
    for (const event of ['widget-change', 'widget-send', 'widget-action'])
      socket.emit(event, 'vp20000000000016', forged);
  });
  await say('speaker-id/hall/attributes', {
    speakers: [{ speaker_id: 'ann', speaker: 'Ann', score: 0.9 }],
    last: null,
  });
  await tiles(page).filter({ hasText: 'Ann' }).waitFor();
  const later = await openDashboard();
  await tiles(later.page).filter({ hasText: 'Ann' }).waitFor({ timeout: PATIENCE_MS });
  expect(await tiles(later.page).count()).toBe(1);
  const renamed = quiet.map((node) => (node.id === 'vp20000000000016' ? { ...node, label: 'Here' } : node));
  await red.deploy(renamed, 'nodes');
  await page.getByText('Nobody is here.').waitFor();
  const last = await openDashboard();
  await last.page.getByText('Nobody is here.').waitFor({ timeout: PATIENCE_MS });
});

/** Speaks at the widget that enrols, until it counts so many seconds of speech. */
async function record(page: Page, name: string, seconds: number): Promise<void> {
  const widget = page.locator('.vp-dashboard');
  const click = (button: string) => widget.getByRole('button', { name: button }).click({ timeout: PATIENCE_MS });
  await widget.getByLabel('Name').fill(name);
  await widget.getByLabel(/The person was shown this text/).check();
  await click('Record');
  await until(
    () => widget.locator('progress').evaluate((progress) => (progress as HTMLProgressElement).value),
    (spoken) => spoken >= seconds,
  );
  await click('Stop');
  await click('Save the voice');
}

test('whoever speaks at the widget is enrolled, with the consent; what the gate refuses is not, and why is said', {
  timeout: 300_000,
}, async () => {
  await red.deploy(quiet);
  const { page, complaints } = await openDashboard();
  const widget = page.locator('.vp-dashboard');
  const speakersAddress = `${red.url}/voice-prints/stores/vp00000000000009/v1/speakers`;
  const enrolled = async () => {
    const answer = await fetch(speakersAddress);
    const { speakers } = (await answer.json()) as { speakers: { name: string; consent: unknown }[] };
    return speakers;
  };
  await widget.getByText('Give a name and the consent').waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'dashboard-enrol');
  await record(page, 'Bob', 2);
  await widget.getByRole('alert').filter({ hasText: 'Too little speech' }).waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'dashboard-refused');
  expect(await enrolled()).toEqual([]);
  const hostile = 'Sally <img src=x>';
  await record(page, hostile, 12);
  await widget
    .getByRole('status')
    .filter({ hasText: `${hostile} is enrolled` })
    .waitFor({ timeout: PATIENCE_MS });
  await shot(page, 'dashboard-enrolled');
  expect(await widget.locator('img').count()).toBe(0);
  expect(await enrolled()).toMatchObject([
    {
      name: hostile,
      speakerId: 'sally_img_src_x',
      isComplete: true,
      consent: { text: expect.stringMatching(/voice/) },
    },
  ]);
  expect(complaints).toEqual([]);
  expect(red.lines.join('\n')).not.toMatch(/\[error\]/);
  // Nora of the example has the same voice, and would be refused beside her.
  expect((await fetch(`${speakersAddress}/sally_img_src_x`, { method: 'DELETE' })).ok).toBe(true);
});

test('the example names the people of the conversation while they speak', { timeout: 300_000 }, async () => {
  await red.deploy(example);
  const { page, complaints } = await openDashboard();
  for (const name of ['Nora', 'Hugo', 'Angus']) {
    await tiles(page)
      .filter({ hasText: name })
      .waitFor({ timeout: 2 * PATIENCE_MS });
    await rows(page)
      .filter({ hasText: name })
      .waitFor({ timeout: 2 * PATIENCE_MS });
  }
  await shot(page, 'dashboard-example');
  expect(complaints).toEqual([]);
  expect(red.lines.join('\n')).not.toMatch(/\[error\]/);
});

// Its store has no model, which the log tells as a fault: after the tests that want none.
test('recordings are taken by the view that enrols only, and errors come back', async () => {
  const enroll = 'vp20000000000021';
  await red.deploy(
    quiet.map((node) => {
      if (node.id === 'vp20000000000016') return { ...node, outputs: 1, wires: [[enroll]] };
      return node.id === 'vp00000000000009' ? { ...node, model: 'absent' } : node;
    }),
  );
  const { page } = await openDashboard();
  await page.locator('.vp-dashboard').waitFor({ timeout: PATIENCE_MS });
  const answers = await page.evaluate(async () => {
    interface Socket {
      emit(...values: unknown[]): void;
      on(event: string, listener: (msg: { payload: { enrolment: { id: string } | null } }) => void): void;
    }
    const { __vue_app__: app } = document.querySelector('#app') as unknown as {
      readonly __vue_app__: { readonly _context: { readonly provides: Readonly<Record<string, Socket>> } };
    };
    const socket = app._context.provides.$socket!;
    const person = { speakerId: 'eve', name: 'Eve', consent: 'none' };
    const sampleOf = (digit: number) => ({
      ...{ id: `00000000-0000-4000-8000-00000000000${digit}`, index: 0, count: 1, person },
      samples: new Int16Array(16_000).buffer,
    });
    return new Promise<object[]>((resolve) => {
      const heard: object[] = [];
      socket.on('msg-input:vp20000000000020', ({ payload: { enrolment } }) => {
        if (enrolment) heard.push(enrolment);
        if (enrolment?.id.endsWith('3')) resolve(heard);
      });
      socket.emit('widget-send', 'vp20000000000016', { sample: sampleOf(1) });
      socket.emit('widget-change', 'vp20000000000020', { sample: sampleOf(2) });
      for (const forged of [null, 'text', [], {}, { sample: null }, { payload: new ArrayBuffer(9) }])
        socket.emit('widget-send', 'vp20000000000020', forged);
      socket.emit('widget-send', 'vp20000000000020', { sample: sampleOf(3) });
    });
  });
  expect(answers).toEqual([
    { id: '00000000-0000-4000-8000-000000000003', error: expect.stringMatching(/^[A-Z_]+$/), reasons: [] },
  ]);
  await record(page, 'Ann', 2);
  const problem = page.locator('.vp-dashboard').getByRole('alert');
  await problem.filter({ hasText: 'The enrolment failed with' }).waitFor({ timeout: PATIENCE_MS });
});

test('without Dashboard 2 the package is silent, and the node says what it needs', async () => {
  await using bare = await NodeRedProcess.start();
  await bare.deploy([
    { id: 'tab', type: 'tab', label: 'Hall' },
    { id: 'widget', type: 'ui-voices', z: 'tab', version: 1, group: '', view: 'here', x: 200, y: 100, wires: [] },
  ]);
  expect(bare.lines.join('\n')).not.toMatch(/\[error\]|dashboard|ui-/i);
  await using editor = await Editor.open(browser, bare.url, 'en-US');
  const status = editor.page.locator('.red-ui-flow-node-status-label');
  await status.filter({ hasText: 'needs Dashboard 2' }).waitFor({ timeout: PATIENCE_MS });
  await editor.edit('widget');
  await editor.page.locator('#ui-voices-missing', { hasText: 'install @flowfuse/node-red-dashboard' }).waitFor();
  await shot(editor.page, 'dashboard-missing');
  await editor.closeDialog();
  expect(editor.complaints.filter((text) => !text.includes('catalogue.nodered.org'))).toEqual([]);
});
