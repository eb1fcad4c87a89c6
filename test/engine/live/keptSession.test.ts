import { expect, test } from 'vitest';
import { finished } from '../../../src/core/steps.js';
import { decodeKeptSession, encodeKeptSession } from '../../../src/engine/live/keptSession.js';
import { UNCALIBRATED } from '../../../src/identity/calibration.js';
import { LiveTurns } from '../../../src/identity/live/liveTurns.js';
import type { LiveWindow } from '../../../src/identity/live/voiceSum.js';

const DIMENSIONS = 192;

/** A voice as a direction, with some noise: unit norm, the same with the same seed. */
function embedding(voice: number, seed: number): Float32Array<ArrayBuffer> {
  let state = 1 + seed * 7_919 + voice * 104_729;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
  const own = Float32Array.from({ length: DIMENSIONS }, (_, i) => Math.sin((i + 1) * (voice + 1) * 1.7) + random());
  const norm = Math.hypot(...own);
  return own.map((value) => value / norm);
}

const SECOND = 16_000;

/** A turn of two seconds at `at` seconds. */
function say(turns: LiveTurns, voice: number, at: number) {
  const span = { startSample: at * SECOND, endSample: (at + 2) * SECOND, snrDb: 20 };
  const windows = [0, 0.5].map(
    (offset, i): LiveWindow => ({
      startSample: span.startSample + offset * SECOND,
      endSample: span.startSample + (offset + 1.5) * SECOND,
      samples: (i === 0 ? 1.5 : 0.5) * SECOND,
      embedding: embedding(voice, at * 10 + i),
    }),
  );
  return finished(turns.end(span, windows));
}

function newTurns(count = 0): LiveTurns {
  let ids = count;
  return new LiveTurns({
    calibration: UNCALIBRATED,
    falseAcceptPercent: 1,
    newTurnId: () => {
      ids += 1;
      return `s-${ids}`;
    },
  });
}

test('a session that goes on from what was kept recognises its voices as if it had not ended', () => {
  const whole = newTurns();
  const before = newTurns();
  const order = [0, 1, 2, 0, 1, 0, 2, 1];
  order.forEach((voice, i) => {
    say(whole, voice, 3 * i);
    say(before, voice, 3 * i);
  });
  const state = {
    turnIds: 8,
    turns: before.state,
    bound: [],
    unknownIds: [[1, 'unknown-7', 5]],
    isNarrowBand: false,
  } as const;
  const bytes = encodeKeptSession({ modelId: 'm', voices: state });
  const kept = decodeKeptSession(bytes)!;
  expect(kept.voices.unknownIds).toEqual([[1, 'unknown-7', 5]]);
  const after = newTurns(8);
  after.restore(kept.voices.turns!);
  expect(after.lastUnknown).toBe(whole.lastUnknown);
  const more = [2, 0, 1, 1, 2].map(
    (voice, i) => [say(whole, voice, 30 + 3 * i), say(after, voice, 30 + 3 * i)] as const,
  );
  for (const [expected, found] of more) {
    expect(found.map(({ type }) => type)).toEqual(expected.map(({ type }) => type));
    found.forEach((change, i) => {
      const same = expected[i]!;
      if (change.type !== 'turn' || same.type !== 'turn') return;
      expect(change.turn).toMatchObject({ turnId: same.turn.turnId, voice: same.turn.voice });
    });
  }
  for (const number of [1, 2, 3]) {
    const [own, other] = [whole.voice(number)!, after.voice(number)!];
    expect(other.samples).toBe(own.samples);
    expect(other.exemplars).toHaveLength(own.exemplars.length);
    other.exemplars.forEach(({ embedding: found }, i) => {
      const expected = own.exemplars[i]!.embedding;
      expect(Math.max(...found.map((value, at) => Math.abs(value - expected[at]!)))).toBeLessThan(1e-4);
    });
  }
});

test('a turn that is still spoken is not kept', () => {
  const turns = newTurns();
  say(turns, 0, 0);
  const settled = JSON.stringify(turns.state);
  finished(turns.update({ startSample: 3 * SECOND, endSample: 4 * SECOND }, []));
  expect(turns.openSample).toBe(3 * SECOND);
  expect(JSON.stringify(turns.state)).toBe(settled);
});

test('bytes of another release are not read', () => {
  const bytes = encodeKeptSession({ modelId: 'm', voices: { turnIds: 3 } });
  expect(decodeKeptSession(bytes)?.voices.turnIds).toBe(3);
  bytes[0] = 2;
  expect(decodeKeptSession(bytes)).toBeUndefined();
});
