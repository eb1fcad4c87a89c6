import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VoicePrintsError } from '../../../src/core/errors.js';
import type { LiveItem } from '../../../src/core/live.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';
import { until } from '../../support/until.js';
import { collected, finalsOf, joined, liveItems, pause, samplesOf, turnsOf } from './liveAudio.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-live-'));
const spoken = (voice: FliteVoice, text: number): string => speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`);
const heard = (voice: FliteVoice, text: number) => samplesOf(spoken(voice, text));

describe('a live session with real networks', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ storeDirectory: join(root, 'store'), workerThreads: 1 });
    for (const voice of ['slt', 'awb'] as const) {
      const samples = [{ kind: 'file', path: spoken(voice, 0) } as const];
      await engine.enroll({ speakerId: voice, name: `Voice ${voice}`, samples });
    }
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  test('names the enrolled while they speak, and keeps a stranger one unknown voice', async () => {
    const audio = joined(heard('slt', 1), pause(1), heard('kal16', 1), pause(1), heard('awb', 1), pause(1));
    await using session = engine.watch({ audio: liveItems(audio) });
    const events = await collected(session.events());
    const finals = finalsOf(events);
    expect(finals.length).toBeGreaterThanOrEqual(3);
    const people = (from: number, to: number) =>
      new Set(
        finals
          .filter(({ start, end, speechSeconds }) => start >= from && end <= to && speechSeconds > 1)
          .map(({ speakerId, cluster }) => speakerId ?? cluster),
      );
    const first = heard('slt', 1).length / 16_000;
    const second = first + 1 + heard('kal16', 1).length / 16_000;
    expect(people(0, first + 0.5)).toEqual(new Set(['slt']));
    expect(people(first + 0.5, second + 0.5)).toEqual(new Set(['unknown-1']));
    expect(people(second + 0.5, 1e9)).toEqual(new Set(['awb']));
    const tentative = turnsOf(events).filter(({ isFinal }) => !isFinal);
    expect(tentative.some(({ name }) => name === 'Voice slt')).toBe(true);
    for (const { turnId } of tentative) expect(finals.some((turn) => turn.turnId === turnId)).toBe(true);
  });

  test('a turn in which two people speak at once is marked, others are not', async () => {
    const [one, other] = [heard('slt', 1), heard('rms', 1)];
    const both = one.map((value, i) => value + (other[i] ?? 0));
    await using session = engine.watch({ audio: liveItems(joined(one, pause(2), both, pause(2), other, pause(1))) });
    const finals = finalsOf(await collected(session.events()));
    const start = one.length / 16_000 + 1;
    const end = start + 2 + both.length / 16_000;
    const isOverlap = (turn: (typeof finals)[number]) => turn.start > start && turn.end < end;
    expect(finals.filter(isOverlap).some(({ overlap }) => overlap)).toBe(true);
    expect(finals.filter((turn) => !isOverlap(turn)).map(({ overlap }) => overlap)).not.toContain(true);
  });

  test('reports once, at its beginning, that no person can be named', async () => {
    const warnings = async (request: { tenantId?: string }) => {
      await using session = engine.watch({ audio: liveItems(pause(1)), ...request });
      return (await collected(session.events())).filter(({ type }) => type === 'warning');
    };
    expect(await warnings({})).toEqual([]);
    expect(await warnings({ tenantId: 'nobody' })).toMatchObject([{ warning: { code: 'NOBODY_ENROLLED' } }]);
  });

  test('ends at once on an abort, while its source hangs', async () => {
    const stop = new AbortController();
    async function* hanging(): AsyncGenerator<LiveItem> {
      yield* liveItems(heard('slt', 1).subarray(0, 32_000));
      setImmediate(() => stop.abort());
      await new Promise(() => undefined);
    }
    const session = engine.watch({ audio: hanging(), signal: stop.signal });
    const reading = collected(session.events());
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
    await session[Symbol.asyncDispose]();
  });

  test('ends quietly when it is disposed', async () => {
    const session = engine.watch({ audio: liveItems(heard('slt', 1)) });
    const events = session.events();
    await events.next();
    await session[Symbol.asyncDispose]();
    expect(await events.next()).toMatchObject({ done: true });
  });

  test('a gap ends what is being said; the time line stays true', async () => {
    const speech = heard('slt', 1).subarray(0, 3 * 16_000);
    async function* broken(): AsyncGenerator<LiveItem> {
      yield* liveItems(speech);
      yield { type: 'dropped', samples: 8000 };
      yield* liveItems(speech, 20 * 16_000);
      yield { type: 'state', state: { status: 'retrying', attempt: 1, retryInMs: 100 } };
      yield* liveItems(speech, 40 * 16_000);
    }
    const events = await collected(engine.watch({ audio: broken() }).events());
    const finals = finalsOf(events);
    for (const from of [0, 20, 40]) {
      const here = finals.filter(({ start, end }) => start >= from && end <= from + 3.1);
      expect(here.length).toBeGreaterThan(0);
    }
    expect(finals.every(({ start, end }) => end - start <= 3.1)).toBe(true);
    expect(events.find(({ type }) => type === 'dropped')).toMatchObject({ seconds: 0.5 });
    const state = events.findIndex(({ type }) => type === 'state');
    const before = finalsOf(events.slice(0, state));
    expect(before.at(-1)!.start).toBeGreaterThanOrEqual(20); // told before the stream was said to be down
  });

  test('lost packets are filled: no turn is cut', async () => {
    const speech = heard('slt', 1).subarray(0, 4 * 16_000);
    async function* lossy(): AsyncGenerator<LiveItem> {
      let frames = 0;
      for await (const item of liveItems(speech)) if (++frames % 50 !== 0) yield item;
    }
    const whole = finalsOf(await collected(engine.watch({ audio: liveItems(speech) }).events()));
    const broken = finalsOf(await collected(engine.watch({ audio: lossy() }).events()));
    expect(broken.map(({ speakerId }) => speakerId)).toEqual(whole.map(({ speakerId }) => speakerId));
    expect(Math.abs(broken.at(-1)!.end - whole.at(-1)!.end)).toBeLessThan(0.2);
  });

  test('many streams at once are each named for themselves', async () => {
    const streams = (['slt', 'awb', 'slt', 'awb', 'slt', 'awb'] as const).map((voice) => ({
      voice,
      session: engine.watch({ audio: liveItems(heard(voice, 2).subarray(0, 4 * 16_000)) }),
    }));
    const all = await Promise.all(streams.map(({ session }) => collected(session.events())));
    expect(new Set(all.flatMap((events) => finalsOf(events).map(({ turnId }) => turnId))).size).toBe(
      all.flatMap(finalsOf).length,
    );
    for (const [i, events] of all.entries()) {
      const long = finalsOf(events).filter(({ speechSeconds }) => speechSeconds > 1);
      expect(new Set(long.map(({ speakerId }) => speakerId))).toEqual(new Set([streams[i]!.voice]));
    }
  });

  test('silence and noise give no turns', async () => {
    const events = await collected(engine.watch({ audio: liveItems(pause(5)) }).events());
    expect(turnsOf(events)).toEqual([]);
  });

  test.each([{ name: 'somebody nobody enrolled', speakerIds: ['nobody'], code: 'SPEAKER_NOT_FOUND' }])(
    'refuses to look for $name',
    async ({ speakerIds, code }) => {
      const session = engine.watch({ audio: liveItems(pause(1)), speakerIds });
      await expect(collected(session.events())).rejects.toMatchObject({ code });
    },
  );

  test('a failing source ends the session with its error', async () => {
    async function* failing(): AsyncGenerator<LiveItem> {
      yield* liveItems(pause(0.5));
      throw new VoicePrintsError('AUDIO_CORRUPT', 'the stream is broken; start it again');
    }
    await expect(collected(engine.watch({ audio: failing() }).events())).rejects.toMatchObject({
      code: 'AUDIO_CORRUPT',
    });
  });

  test('closing the engine ends its sessions', async () => {
    const own = await createEngine({ storeDirectory: join(root, 'other'), workerThreads: 1 });
    let seconds = 0;
    async function* endless(): AsyncGenerator<LiveItem> {
      for (let at = 0; ; at += 16_000) {
        yield* liveItems(pause(1), at);
        seconds += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const reading = collected(own.watch({ audio: endless() }).events());
    const idle = own.watch({ audio: endless() });
    await until(() => seconds >= 2);
    const ended = expect(reading).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await own[Symbol.asyncDispose]();
    await ended;
    await expect(collected(idle.events())).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    expect(() => own.watch({ audio: endless() })).toThrow(/closed/);
  });
});
