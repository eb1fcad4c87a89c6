import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveItem } from '../../../src/core/live.js';

const RATE_HZ = 16_000;

/** Speech as a telephone plays it, and as it should arrive. */
export interface PlayedSpeech {
  /** WAV file of the rate asked for. */
  readonly file: string;
  /** The same at 16 kHz, shape (n,). */
  readonly samples: Float32Array;
}

const ffmpeg = (...args: readonly string[]): void => {
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
};

/** A sentence in a file for a codec: 8,000 or 16,000 Hz mono, 48,000 Hz in two channels. */
export function playedSpeech(folder: string, rateHz: number, text: string): PlayedSpeech {
  const spoken = join(folder, `spoken-${rateHz}.wav`);
  const file = join(folder, `played-${rateHz}.wav`);
  const heard = join(folder, `heard-${rateHz}.raw`);
  execFileSync('flite', ['-voice', 'slt', '-t', text, '-o', spoken]);
  ffmpeg('-i', spoken, '-ar', String(rateHz), '-ac', rateHz === 48_000 ? '2' : '1', '-c:a', 'pcm_s16le', file);
  ffmpeg('-i', file, '-ar', String(RATE_HZ), '-ac', '1', '-f', 's16le', heard);
  const bytes = readFileSync(heard);
  return {
    file,
    samples: Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32_768),
  };
}

/** A stream on its own time line: gaps are zeros. */
export function laidOut(items: readonly LiveItem[]): Float32Array {
  const frames = items.flatMap((item) => (item.type === 'audio' ? [item.frame] : []));
  const last = frames.at(-1);
  const line = new Float32Array(last ? last.startSample + last.samples.length : 0);
  for (const { samples, startSample } of frames) line.set(samples, startSample);
  return line;
}

/** Normalized correlation of `a` with `b` moved by `lag`, over `count` samples of `a` from `from`, every `step`th. */
function correlation(
  a: Float32Array,
  b: Float32Array,
  range: { from: number; count: number; lag: number; step: number; isGapLeftOut: boolean },
) {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = range.from; i < range.from + range.count; i += range.step) {
    const x = a[i] ?? 0;
    if (range.isGapLeftOut && x === 0) continue;
    const y = b[i + range.lag] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/**
 * How well what was heard is what was played, under one lag for all of it: a lost or doubled sample in between would
 * show. 1 is the same. With `isGapLeftOut` only what came is compared: a packet that a busy machine lost is no fault.
 */
export function likeness(
  played: Float32Array,
  heard: Float32Array,
  { from = 0, count = Math.min(played.length, heard.length), maxLag = RATE_HZ, isGapLeftOut = false } = {},
): { readonly lag: number; readonly correlation: number } {
  let best = { lag: 0, correlation: -1 };
  const tryLag = (lag: number, step: number) => {
    const found = correlation(heard, played, { from, count, lag, step, isGapLeftOut });
    if (found > best.correlation) best = { lag, correlation: found };
  };
  for (let lag = -maxLag; lag <= maxLag; lag += 2) tryLag(lag, 37);
  const coarse = best.lag;
  best = { lag: coarse, correlation: -1 };
  for (let lag = coarse - 4; lag <= coarse + 4; lag += 1) tryLag(lag, 1);
  return best;
}

/**
 * The median likeness of half seconds, each with a lag of its own: a telephone on a busy machine stutters while it plays,
 * which is not what is tested.
 */
export function likenessOfPieces(played: Float32Array, heard: Float32Array): number {
  const count = RATE_HZ / 2;
  const found: number[] = [];
  for (let from = 0; from + count <= heard.length; from += count) {
    const piece = heard.subarray(from, from + count);
    if (piece.some((sample) => Math.abs(sample) > 0.05))
      found.push(likeness(played, heard, { from, count }).correlation);
  }
  return found.sort((a, b) => a - b)[Math.floor(found.length / 2)] ?? 0;
}
