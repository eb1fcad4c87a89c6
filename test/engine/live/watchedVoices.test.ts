import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LiveEvent } from '../../../src/core/live.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';
import { until } from '../../support/until.js';
import { finalsOf, joined, pause, samplesOf } from './liveAudio.js';
import { Stage, untilHeard } from './stage.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-watched-'));
const heard = (voice: FliteVoice, text: number, seconds = 60) =>
  samplesOf(speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`)).subarray(0, seconds * 16_000);

const longOf = (events: readonly LiveEvent[]) => finalsOf(events).filter(({ speechSeconds }) => speechSeconds > 1.5);
const clustersOf = (events: readonly LiveEvent[]) => new Set(longOf(events).map(({ cluster }) => cluster));

describe('people and unknown voices come and go', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ storeDirectory: join(root, 'store'), workerThreads: 1, strangers: 'days=30' });
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  test('an unknown voice is the same in the next session, enrolled by a word, renamed, and taken back', async () => {
    const first = new Stage();
    await using earlier = engine.watch({ audio: first.items(), sessionId: 'earlier' });
    const before = earlier.events();
    first.say(joined(heard('kal16', 1), heard('kal16', 2)));
    expect(clustersOf(await untilHeard(before))).toEqual(new Set(['unknown-1']));
    first.end();
    expect(await before.next()).toMatchObject({ done: true });

    const stage = new Stage();
    await using session = engine.watch({ audio: stage.items() });
    const events = session.events();
    await expect(session.enrollUnknown({ speakerId: 'cal' })).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
    stage.say(joined(heard('slt', 1, 4), pause(1), heard('kal16', 0)));
    const spoken = await untilHeard(events);
    const told = longOf(spoken);
    expect(told.at(-1)!.cluster).toBe('unknown-1');
    expect(told[0]!.cluster).toBe('unknown-2');

    const result = await session.enrollUnknown({ speakerId: 'cal', name: 'Cal' }); // the last unknown voice
    expect(result).toMatchObject({ speakerId: 'cal', status: 'complete' });
    expect(await engine.speakers().get('cal')).toMatchObject({ name: 'Cal', isComplete: true });
    stage.say(heard('kal16', 2, 6));
    const after = await untilHeard(events);
    const relabel = after.find(({ type }) => type === 'relabel');
    expect(relabel).toMatchObject({ speakerId: 'cal', name: 'Cal', cluster: null });
    const relabelled = relabel?.type === 'relabel' ? relabel.turnIds : [];
    expect(new Set(relabelled)).toEqual(
      new Set(
        finalsOf(spoken)
          .filter(({ cluster }) => cluster === 'unknown-1')
          .map(({ turnId }) => turnId),
      ),
    );
    expect(new Set(longOf(after).map(({ name }) => name))).toEqual(new Set(['Cal']));
    expect((await engine.speakers().unknowns()).map(({ unknownId }) => unknownId)).toEqual(['unknown-2']);

    await engine.speakers().rename('cal', 'Calvin');
    const spokenAgain = async (text: number) => {
      stage.say(heard('kal16', text, 6));
      return untilHeard(events);
    };
    // Sessions read the registry once a second: the voice speaks until the change is seen.
    await until(
      () => spokenAgain(0),
      (seen) => longOf(seen).length > 0 && longOf(seen).every(({ name }) => name === 'Calvin'),
    );

    await engine.speakers().delete('cal');
    await until(
      () => spokenAgain(1),
      (seen) => seen.some((event) => event.type === 'relabel' && event.speakerId === null),
    );
    expect(new Set(longOf(await spokenAgain(1)).map(({ name }) => name))).toEqual(new Set([null]));
    stage.end();
  });
});
