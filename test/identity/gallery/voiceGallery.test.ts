import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import type { SampleSpan } from '../../../src/core/audioFrame.js';
import { finished } from '../../../src/core/steps.js';
import { centroid } from '../../../src/core/vector.js';
import { listedOthers, othersInGallery } from '../../../src/engine/enrolment/otherPeople.js';
import { someOf } from '../../../src/engine/voiceprints/nameable.js';
import { resolveFor } from '../../../src/engine/voiceprints/resolveFor.js';
import { decide, posteriors } from '../../../src/identity/decide.js';
import { rankEach, rankingOf } from '../../../src/identity/gallery/ranking.js';
import type { VoiceGallery } from '../../../src/identity/gallery/voiceGallery.js';
import type { LiveChange } from '../../../src/identity/live/liveChange.js';
import { LiveTurns } from '../../../src/identity/live/liveTurns.js';
import { compare } from '../../../src/identity/matchVoices.js';
import { type ResolvedTurn, resolveVoices, type VoicesInput } from '../../../src/identity/resolveVoices.js';
import type { EnrolledVoice } from '../../../src/identity/voices.js';
import { analysedSample } from '../../engine/enrolment/analysedSamples.js';
import { flat } from '../madeVoices.js';
import { CALIBRATION, DIMENSIONS, galleryOf, MadePeople } from './madeGallery.js';

const HOP = 12_000;
const WINDOW = 24_000;
const SIZES = [1, 2, 10, 300, 3_000];

/** A recording of enrolled people and strangers, in turns of four windows; relatives of enrolled people among them. */
function recordingOf(
  people: MadePeople,
  speakers: readonly Float32Array[],
): Omit<VoicesInput, 'voices'> & { windows: SampleSpan[]; speech: SampleSpan[] } {
  const turns = [0, 1, 2, 0, 3, 1, 2, 3, 0].map((one) => speakers[one % speakers.length]!);
  const speech = turns.map((_, i) => ({ startSample: i * 80_000, endSample: i * 80_000 + WINDOW + 3 * HOP }));
  const windows = speech.flatMap(({ startSample }) =>
    Array.from({ length: 4 }, (_, k) => ({
      startSample: startSample + k * HOP,
      endSample: startSample + k * HOP + WINDOW,
    })),
  );
  const embeddings = flat(turns.flatMap((voice) => Array.from({ length: 4 }, () => people.near(voice, 0.9))));
  const settings = { calibration: CALIBRATION, falseAcceptPercent: 1, isNarrowBand: false } as const;
  return { dimensions: DIMENSIONS, embeddings, windows, speech, ...settings };
}

const never = new AbortController().signal;
/** What the worker thread does, on this one. */
const compute = { resolveVoices: async (input: VoicesInput) => resolveVoices(structuredCloneOf(input)) } as never;
/** Plain data stays what it is; shared memory cannot be cloned within one thread. */
const structuredCloneOf = (input: VoicesInput): VoicesInput => ({ ...input });

function expectAlike(found: readonly ResolvedTurn[], wanted: readonly ResolvedTurn[]): void {
  const plain = ({ startSample, endSample, voice, speakerId, decision }: ResolvedTurn) => ({
    startSample,
    endSample,
    voice,
    speakerId,
    decision,
  });
  expect(found.map(plain)).toEqual(wanted.map(plain));
  found.forEach((turn, i) => {
    expect(Math.abs(turn.score - wanted[i]!.score)).toBeLessThan(1e-4);
    expect(Math.abs(turn.margin - wanted[i]!.margin)).toBeLessThan(1e-4);
    expect(turn.candidates.map(({ speakerId }) => speakerId)).toEqual(
      wanted[i]!.candidates.map(({ speakerId }) => speakerId),
    );
  });
}

describe.each(SIZES)('with %i people enrolled, a gallery answers as a list does', (size) => {
  const people = new MadePeople(size);
  const { voices, enrolled } = people.many(size);
  const gallery = galleryOf(enrolled).snapshot();
  const stranger = people.voice();
  const relative = people.voice(voices[0]);
  const speakers = [voices[0]!, stranger, voices[size >> 1]!, relative];

  test.each([false, true])('comparisons, telephone: %s', (isNarrowBand) => {
    const options = { calibration: CALIBRATION, isNarrowBand };
    const probes = speakers.map((voice, i) => ({ centroid: people.near(voice, 0.5), speechSeconds: 1 + 4 * i }));
    rankEach(probes, gallery, options).forEach((ranking, i) => {
      const all = compare(probes[i]!, enrolled, options);
      expect(ranking.people).toBe(size);
      expect(ranking.near.length).toBeGreaterThanOrEqual(Math.min(size, 64));
      ranking.near.forEach(({ voice, llr, cosine }, rank) => {
        expect(voice.id).toBe(all[rank]!.voice.id);
        expect(Math.abs(llr - all[rank]!.llr)).toBeLessThan(1e-3);
        expect(Math.abs(cosine - all[rank]!.cosine)).toBeLessThan(1e-5);
      });
      const decision = { calibration: CALIBRATION, falseAcceptPercent: 1 } as const;
      const [found, wanted] = [decide(ranking, ranking.near[0], decision), decide(rankingOf(all), all[0], decision)];
      expect(Math.abs(found.score - wanted.score)).toBeLessThan(1e-4);
      expect(found.decision).toBe(wanted.decision);
      const scores = posteriors(ranking.near, CALIBRATION, ranking);
      const share = posteriors(all, CALIBRATION);
      scores.forEach((score, rank) => {
        expect(Math.abs(score - share[rank]!)).toBeLessThan(1e-4);
      });
    });
  });

  test('recordings', async () => {
    for (let round = 0; round < 3; round += 1) {
      const input = recordingOf(people, speakers);
      const wanted = resolveVoices({ ...input, voices: enrolled });
      const nameable = { ...someOf([], ''), enrolled: gallery };
      const found = await resolveFor(nameable, input, { compute, signal: never });
      expectAlike(found.turns, wanted.turns);
    }
  });

  test('live turns', () => {
    const listen = (among: readonly EnrolledVoice[] | typeof gallery): LiveChange[] => {
      const own = new MadePeople(17);
      let count = 0;
      const turns = new LiveTurns({ calibration: CALIBRATION, falseAcceptPercent: 1, newTurnId: () => `t${++count}` });
      finished(turns.setEnrolled(among));
      return [0, 1, 2, 0, 3, 1, 2, 3, 0, 1].flatMap((one, turn) => {
        const startSample = turn * 100_000;
        return Array.from({ length: 5 }, (_, k) => k).flatMap((k) => {
          const endSample = startSample + (k + 1) * 8_000;
          const embedding = own.near(speakers[one]!, 0.8);
          const window = {
            startSample: Math.max(startSample, endSample - WINDOW),
            endSample,
            embedding,
            samples: 8_000,
          };
          const span = { startSample, endSample };
          return finished(k === 4 ? turns.end(span, [window]) : turns.update(span, [window]));
        });
      });
    };
    const [found, wanted] = [listen(gallery), listen(enrolled)];
    const plain = (changes: readonly LiveChange[]) =>
      changes.map((change) => {
        if (change.type === 'turn')
          return [
            'turn',
            change.turn.turnId,
            change.turn.isFinal,
            change.turn.voice,
            change.turn.verdict.speakerId,
            change.turn.verdict.decision,
          ];
        return change.type === 'relabel' ? ['relabel', ...change.turnIds, change.verdict.speakerId] : [change.type];
      });
    expect(plain(found)).toEqual(plain(wanted));
    found.forEach((change, i) => {
      const other = wanted[i]!;
      if (change.type !== 'turn' || other.type !== 'turn') return;
      expect(Math.abs(change.turn.verdict.score - other.turn.verdict.score)).toBeLessThan(1e-3);
    });
  });

  test.each([undefined, 0])('samples at the gate; the person is enrolled already: %s', (at) => {
    const speakerId = at === undefined ? 'new' : `p${at}`;
    const rest = enrolled
      .filter(({ id }) => id !== speakerId)
      .map(({ id, mean, speechSeconds, isNarrowBand }) => ({
        speakerId: id,
        mean,
        speechMs: 1_000 * speechSeconds,
        isNarrowBand,
      }));
    const known = { speakerId, mean: people.near(voices[0]!, 0.3), speechMs: 9_000, isNarrowBand: false };
    const [list, matrix] = [listedOthers(rest), othersInGallery(gallery, speakerId)];
    expect(matrix.count).toBe(list.count);
    for (const voice of speakers) {
      for (const own of [undefined, known]) {
        const sample = analysedSample({ embedding: people.near(voice, 0.5), speechMs: 6_500 });
        const [wanted, found] = [list, matrix].map((others) => finished(others.compare(sample, own, CALIBRATION)));
        expect(found!.highest?.speakerId).toBe(wanted!.highest?.speakerId);
        if (wanted!.highest) expect(Math.abs(found!.highest!.llr - wanted!.highest.llr)).toBeLessThan(1e-3);
        expect(found!.own === undefined).toBe(own === undefined);
        if (own) expect(Math.abs(found!.own! - wanted!.own!)).toBeLessThan(1e-3);
      }
    }
  });
});

test('what a thread is given of a gallery is shared memory: of a size that does not depend on the people', () => {
  const people = new MadePeople(9);
  const sizeOf = (count: number) => {
    const { parts } = galleryOf(people.many(count).enrolled).snapshot().view;
    const shared = [
      parts.means.memory.buffer,
      parts.exemplars.memory.buffer,
      ...Object.values(parts.columns).map(({ buffer }) => buffer),
    ];
    for (const buffer of shared) expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    const { means: _, exemplars: __, columns: ___, ...copied } = parts;
    return serialize(copied).length;
  };
  expect(Math.abs(sizeOf(800) - sizeOf(8))).toBeLessThan(16);
});

describe('people come and go', () => {
  const people = new MadePeople(5);
  const { voices, enrolled } = people.many(40);
  const options = { calibration: CALIBRATION, isNarrowBand: false };
  const bestIn = (snapshot: ReturnType<ReturnType<typeof galleryOf>['snapshot']>, voice: Float32Array) =>
    rankEach([{ centroid: centroid([voice]), speechSeconds: 8 }], snapshot, options)[0]!;

  test('a snapshot keeps the voice of somebody who changes, and loses whoever is erased', () => {
    const gallery = galleryOf(enrolled);
    const before = gallery.snapshot();
    expect(gallery.snapshot()).toBe(before);
    const other = people.voice();
    gallery.put(people.enrolled('p3', other));
    gallery.erase('p7');
    gallery.put(people.enrolled('new', people.voice()));
    const after = gallery.snapshot();
    expect(bestIn(before, voices[3]!).near[0]!.voice.id).toBe('p3');
    expect(bestIn(after, other).near[0]!.voice.id).toBe('p3');
    expect([before.view.people, after.view.people]).toEqual([40, 40]);
    for (const snapshot of [before, after]) {
      expect(bestIn(snapshot, voices[7]!).near.map(({ voice }) => voice.id)).not.toContain('p7');
    }
    expect(after.numberOf('p7')).toBeUndefined();
    expect(bestIn(before, voices[7]!).near.map(({ voice }) => voice.id)).not.toContain('new');
  });

  test('nothing of an erased person stays in memory', () => {
    const gallery = galleryOf(enrolled);
    const { view } = gallery.snapshot();
    const [anna] = enrolled.filter(({ exemplars }) => exemplars.length > 2);
    gallery.erase(anna!.id);
    const held = [view.parts.means, view.parts.exemplars].map(({ memory }) => Buffer.from(memory.buffer));
    for (const values of [anna!.mean, ...anna!.exemplars]) {
      const trace = Buffer.from(values.buffer, values.byteOffset + 40, 64);
      expect(held.map((bytes) => bytes.includes(trace))).toEqual([false, false]);
    }
  });

  const traceOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset + 40, 64);

  test.each([
    {
      name: 'after they changed',
      meanwhile: (gallery: VoiceGallery) => gallery.put(people.enrolled('p3', voices[9]!)),
    },
    {
      name: 'after the gallery grew',
      meanwhile: (gallery: VoiceGallery) => {
        for (let n = 0; n < 40; n += 1) gallery.put(people.enrolled(`more${n}`, people.voice()));
      },
    },
    {
      name: 'after everybody was moved to other matrices',
      meanwhile: (gallery: VoiceGallery) => {
        for (let round = 0; round < 60; round += 1) for (const voice of enrolled) gallery.put(voice);
        finished(gallery.tidy());
      },
    },
  ])('whoever is erased is gone from snapshots taken before: $name', ({ meanwhile }) => {
    const gallery = galleryOf(enrolled);
    const before = gallery.snapshot();
    const number = before.numberOf('p3')!;
    meanwhile(gallery);
    expect([before.idOf(number), before.view.isThere(number)]).toEqual(['p3', true]);
    gallery.erase('p3');
    expect([before.idOf(number), before.view.isThere(number)]).toEqual([undefined, false]);
    expect(bestIn(before, voices[3]!).near.map(({ voice }) => voice.id)).not.toContain('p3');
    for (const { parts } of [before.view, gallery.snapshot().view])
      expect(Buffer.from(parts.means.memory.buffer).includes(traceOf(enrolled[3]!.mean))).toBe(false);
  });

  test('moving people stops between small steps, and changes no answer', () => {
    const many = new MadePeople(8).many(1_200);
    const gallery = galleryOf(many.enrolled);
    for (const voice of many.enrolled) gallery.put(voice);
    gallery.put(many.enrolled[0]!);
    const wanted = bestIn(gallery.snapshot(), many.voices[9]!);
    const steps = gallery.tidy();
    let stops = 0;
    while (!steps.next().done) stops += 1;
    expect(stops).toBe(Math.floor(1_200 / 128));
    expect(gallery.snapshot().view.parts.entries).toBe(1_200);
    const found = bestIn(gallery.snapshot(), many.voices[9]!);
    expect(found.near.map(({ voice }) => voice.id)).toEqual(wanted.near.map(({ voice }) => voice.id));
  });

  test('many changes leave a gallery that is as large as its people, and sums that are theirs', () => {
    const gallery = galleryOf(enrolled);
    for (let round = 0; round < 60; round += 1) for (const voice of enrolled) gallery.put(voice);
    finished(gallery.tidy());
    const { view } = gallery.snapshot();
    expect(view.parts.entries).toBeLessThan(1_100);
    const sum = enrolled.reduce(
      (all, { mean }) => all.map((value, i) => value + mean[i]!),
      new Float64Array(DIMENSIONS),
    );
    expect(Math.max(...view.parts.sum.map((value, i) => Math.abs(value - sum[i]!)))).toBeLessThan(1e-9);
    expect(bestIn(gallery.snapshot(), voices[9]!).near[0]!.voice.id).toBe('p9');
  });
});
