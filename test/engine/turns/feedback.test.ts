import { mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Voiceprint } from '../../../src/core/voiceprint.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { wav } from '../../audio/wavFile.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';
import { joined, pause, samplesOf } from '../live/liveAudio.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-feedback-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const spoken = (voice: FliteVoice, text: number) => speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`);
const enrol = (engine: Engine, speakerId: string, voice: FliteVoice) =>
  engine.enroll({ speakerId, name: speakerId.toUpperCase(), samples: [{ kind: 'file', path: spoken(voice, 0) }] });

let talk: string;
beforeAll(async () => {
  talk = join(root, 'talk.wav');
  const parts = [spoken('slt', 1), spoken('rms', 1), spoken('slt', 2), spoken('rms', 2)].flatMap((path) => [
    samplesOf(path),
    pause(1),
  ]);
  const pcm = Int16Array.from(joined(...parts), (value) => Math.round(32_767 * value));
  await writeFile(talk, wav({ data: new Uint8Array(pcm.buffer) }));
});

async function openEngine(name: string, options = {}) {
  const storeDirectory = join(root, name);
  const engine = await createEngine({ storeDirectory, workerThreads: 1, ...options });
  /** As it is on disk. */
  const stored = async (speakerId: string): Promise<Voiceprint | undefined> => {
    await using registry = await LowdbRegistry.open(storeDirectory, {});
    return await registry.get('local', speakerId);
  };
  return { engine, stored, storeDirectory };
}

const identify = (engine: Engine) => engine.identify({ source: { kind: 'file', path: talk } });

test('an unknown voice of a recording becomes a person, the next recording knows it, and undo leaves nothing of it', async () => {
  const { engine, stored, storeDirectory } = await openEngine('new');
  await using _ = engine;
  await enrol(engine, 'sally', 'slt');
  const before = await stored('sally');
  const first = await identify(engine);
  const turns = await engine.turns().list();
  expect(turns.map(({ turnId }) => turnId).reverse()).toEqual(first.segments.map(({ turnId }) => turnId));
  expect(turns.every(({ conversationId }) => conversationId === first.conversationId)).toBe(true);
  const stranger = turns.find(({ tier }) => tier === 'unmatched')!;
  expect(stranger).toMatchObject({ speakerId: null, said: null, isLearnable: true, cluster: 'unknown-1' });
  expect(stranger.why.text).toMatch(/^cosine -?\.\d\d, score \.\d\d, \d+\.\d s, accept at \.\d\d$/);
  expect(JSON.stringify(turns)).not.toContain('embedding');

  const given = await engine.turns().feedback({
    turnId: stranger.turnId,
    verdict: 'correct',
    speakerId: 'ron',
    name: 'Ron',
    consentText: 'asked',
  });
  expect(given).toMatchObject({ speakerId: 'ron', name: 'Ron', learning: { outcome: 'enrolled' } });
  const others = turns.filter(({ cluster }) => cluster === 'unknown-1').map(({ turnId }) => turnId);
  expect([...given.turnIds].sort()).toEqual(others.sort());
  const named = (await engine.turns().list({ speakerId: 'ron' })).map(({ tier, said, cluster }) => [
    tier,
    said,
    cluster,
  ]);
  expect(named).toEqual(others.map(() => ['certain', 'correct', null]));
  expect((await stored('ron'))?.consent?.text).toBe('asked');
  const second = await identify(engine);
  expect(
    second.segments.filter(({ decision }) => decision === 'identified').map(({ speakerId }) => speakerId),
  ).toContain('ron');

  await engine.turns().forget(second.conversationId);
  expect(await engine.turns().undo(given.feedbackId)).toMatchObject({ isUndone: true });
  expect(await stored('ron')).toBeUndefined();
  expect(await engine.turns().list()).toEqual(turns);
  expect(await stored('sally')).toEqual(before);
  const log = await readFile(join(storeDirectory, 'audit.log'), 'utf8');
  expect(log).toContain('"undo feedback"');
  expect(log).not.toMatch(/Ron|RON/);
});

test('a confirmed turn improves its voiceprint within bounds, and undo restores it to the bit', async () => {
  const { engine, stored } = await openEngine('confirm');
  await using _ = engine;
  await enrol(engine, 'sally', 'slt');
  const before = (await stored('sally'))!;
  const { segments } = await identify(engine);
  const own = segments.find(({ speakerId }) => speakerId === 'sally')!;
  const given = await engine.turns().feedback({ turnId: own.turnId!, verdict: 'confirm' });
  expect(given).toMatchObject({ speakerId: 'sally', learning: { outcome: 'improved' } });
  const after = (await stored('sally'))!;
  expect(after.exemplars.length).toBeGreaterThan(before.exemplars.length);
  const origins = (await engine.speakers().samples('sally')).map(({ origin }) => origin);
  expect(new Set(origins)).toEqual(new Set(['enrolment', 'feedback']));
  // The same once more teaches nothing.
  const again = await engine.turns().feedback({ turnId: own.turnId!, verdict: 'confirm' });
  expect(again.learning.outcome).toBe('none');
  expect(await stored('sally')).toEqual(after);
  await engine.turns().undo(again.feedbackId);
  await engine.turns().undo(given.feedbackId);
  expect(await stored('sally')).toEqual(before);
  await expect(engine.turns().undo(given.feedbackId)).rejects.toMatchObject({ code: 'FEEDBACK_NOT_FOUND' });
});

test('a wrong correction renames turns and spoils no voiceprint; a second one takes back what the first has taught', async () => {
  const { engine, stored } = await openEngine('wrong');
  await using _ = engine;
  await enrol(engine, 'sally', 'slt');
  await enrol(engine, 'ron', 'rms');
  const before = await stored('sally');
  const { segments } = await identify(engine);
  const rons = segments.find(({ speakerId }) => speakerId === 'ron')!;
  const wrong = { turnId: rons.turnId!, verdict: 'correct', speakerId: 'sally' } as const;
  await expect(engine.turns().feedback(wrong)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  const forced = await engine.turns().feedback({ ...wrong, isAlsoOther: true });
  expect(forced).toMatchObject({ speakerId: 'sally', learning: { outcome: 'none' } });
  expect(forced.learning.reasons.map(({ code }) => code)).toContain('DISAGREES_WITH_EARLIER');
  expect(await stored('sally')).toEqual(before);

  const learnt = await engine.turns().feedback({ turnId: rons.turnId!, verdict: 'correct', speakerId: 'ron' });
  expect(learnt.learning.outcome).toBe('improved');
  const taught = await stored('ron');
  const rejected = await engine.turns().feedback({ turnId: rons.turnId!, verdict: 'reject' });
  expect(rejected).toMatchObject({ speakerId: null, learning: { outcome: 'none' } });
  expect((await stored('ron'))?.exemplars.length).toBe(1);
  const [turn] = (await engine.turns().list()).filter(({ turnId }) => turnId === rons.turnId);
  expect(turn).toMatchObject({ tier: 'unmatched', speakerId: null, said: 'reject' });
  await engine.turns().undo(rejected.feedbackId);
  expect((await stored('ron'))?.exemplars).toEqual(taught?.exemplars);
});

test('consent, strangers and erasure hold for feedback, too', async () => {
  const { engine } = await openEngine('rules', { requireConsent: true, strangers: 'none' });
  await using _ = engine;
  const { segments } = await identify(engine);
  const [first] = await engine.turns().list();
  expect(first).toMatchObject({ isLearnable: false });
  const { turnId } = segments[0]!;
  const correct = { turnId: turnId!, verdict: 'correct', speakerId: 'ron' } as const;
  await expect(engine.turns().feedback(correct)).rejects.toMatchObject({ code: 'CONSENT_REQUIRED' });
  const asked = { ...correct, consentText: 'asked' };
  await expect(engine.turns().feedback(asked)).rejects.toMatchObject({ code: 'ENROLL_REFUSED' });
  await expect(engine.turns().feedback({ ...asked, speakerId: 'no good' })).rejects.toMatchObject({
    code: 'SPEAKER_ID_INVALID',
  });
  await expect(engine.turns().feedback({ ...asked, name: 'Ca\0rla' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(engine.turns().feedback({ turnId: 'none', verdict: 'confirm' })).rejects.toMatchObject({
    code: 'TURN_NOT_FOUND',
  });
  await expect(engine.turns().feedback({ turnId: turnId!, verdict: 'confirm' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
  expect(await engine.turns('other').list()).toEqual([]);
});

test('an erased person is in no remembered turn, and in no feedback', async () => {
  const { engine } = await openEngine('erased');
  await using _ = engine;
  await enrol(engine, 'sally', 'slt');
  const { segments } = await identify(engine);
  const own = segments.find(({ speakerId }) => speakerId === 'sally')!;
  await engine.turns().feedback({ turnId: own.turnId!, verdict: 'confirm' });
  await engine.speakers().delete('sally');
  expect(JSON.stringify(await engine.turns().list())).not.toMatch(/sally/i);
  expect(await engine.turns().history()).toEqual([]);
});

test('whoever another process erases is in no remembered turn, and comes back with no undo', async () => {
  const { engine, stored, storeDirectory } = await openEngine('erased elsewhere');
  await using _ = engine;
  const { segments } = await identify(engine);
  const { turnId } = segments[0]!;
  const correct = { turnId: turnId!, verdict: 'correct' } as const;
  await engine.turns().feedback({ ...correct, speakerId: 'bob' });
  {
    await using other = await LowdbRegistry.open(storeDirectory, {});
    expect(await other.delete('local', 'bob')).toBe(true);
  }
  expect(JSON.stringify(await engine.turns().list())).not.toContain('bob');
  expect(await engine.turns().history()).toEqual([]);

  const [next] = await engine.turns().list();
  const again = { turnId: next!.turnId, verdict: 'correct' } as const;
  await engine.turns().feedback({ ...again, speakerId: 'bob' });
  {
    await using other = await LowdbRegistry.open(storeDirectory, {});
    await other.delete('local', 'bob');
  }
  await expect(engine.turns().feedback({ ...again, speakerId: 'carl' })).rejects.toMatchObject({
    code: 'TURN_NOT_FOUND',
  });
  expect(await stored('bob')).toBeUndefined();
});

test('an undo that the disk refuses has changed nothing, and is done when it is asked for again', async () => {
  const { engine, stored, storeDirectory } = await openEngine('refused');
  await using _ = engine;
  await enrol(engine, 'sally', 'slt');
  const before = await stored('sally');
  const { segments } = await identify(engine);
  const own = segments.find(({ speakerId }) => speakerId === 'sally')!;
  const { feedbackId } = await engine.turns().feedback({ turnId: own.turnId!, verdict: 'confirm' });
  const turns = await engine.turns().list();
  // A folder that cannot be deleted as a left-over file: writes fail before they begin.
  const obstacle = join(storeDirectory, '.voiceprints.json.tmp-1.a');
  await mkdir(join(obstacle, 'x'), { recursive: true });
  await expect(engine.turns().undo(feedbackId)).rejects.toThrow();
  expect(await engine.turns().list()).toEqual(turns);
  expect(await engine.turns().history()).toMatchObject([{ feedbackId, isUndone: false }]);
  await rm(obstacle, { recursive: true });
  expect(await engine.turns().undo(feedbackId)).toMatchObject({ isUndone: true });
  expect(await stored('sally')).toEqual(before);
  await expect(engine.turns().undo(feedbackId)).rejects.toMatchObject({ code: 'FEEDBACK_NOT_FOUND' });
});

test('what is remembered reaches no file', async () => {
  const { engine, storeDirectory } = await openEngine('files');
  await using _ = engine;
  await identify(engine);
  const entries = await readdir(storeDirectory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  expect(texts.some((text) => text.includes('"embedding"') || text.includes('recording-'))).toBe(false);
});
