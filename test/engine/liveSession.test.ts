import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LiveItem } from '../../src/core/live.js';
import { createEngine } from '../../src/engine/createEngine.js';
import type { Engine } from '../../src/engine/engine.js';
import { type FliteVoice, speak, TEXTS } from './fliteVoices.js';
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
    expect(finals.length).toBeGreaterThan(3);
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

  test('ends at once on an abort, while its source hangs', async () => {
    const stop = new AbortController();
    async function* hanging(): AsyncGenerator<LiveItem> {
      yield* liveItems(heard('slt', 1).subarray(0, 32_000));
      await new Promise(() => undefined);
    }
    const session = engine.watch({ audio: hanging(), signal: stop.signal });
    const reading = collected(session.events());
    setTimeout(() => stop.abort(), 200);
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
});
