import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect } from 'vitest';
import type { DecoderOptions } from '../../src/audio/decoding/decoding.js';
import { openRecording } from '../../src/audio/openRecording.js';
import type { DecodeReport, SourceFormat } from '../../src/audio/recording.js';
import type { AudioFrame } from '../../src/core/audioFrame.js';
import { VoicePrintsError } from '../../src/core/errors.js';
import type { RecordingLimits, RecordingSource } from '../../src/core/recording.js';

/** Amplitude at second t of what test/fixtures/audio/make.mjs puts into every container. */
export const glide = (t: number): number =>
  0.5 * Math.sin(2 * Math.PI * (200 * t + 700 * t * t)) * (0.6 + 0.4 * Math.sin(2 * Math.PI * 3 * t));

export const glideAt = (rateHz: number, seconds = 2): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: Math.round(rateHz * seconds) }, (_, i) => glide(i / rateHz));

export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));

export const LIMITS: RecordingLimits = { maxBytes: 2 ** 31, maxDurationMs: 4 * 3_600_000, maxDecodeMs: 60_000 };
export const never = (): AbortSignal => new AbortController().signal;

export interface Decoded {
  readonly format: SourceFormat;
  readonly report: DecodeReport;
  readonly samples: Float32Array<ArrayBuffer>;
  readonly frames: readonly AudioFrame[];
}

/** A private folder for temporary files, so that what stays in it can be seen. Erased after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'audio-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Reads a recording to its end. */
export async function decode(
  source: RecordingSource,
  options: DecoderOptions & { readonly limits?: Partial<RecordingLimits>; readonly signal?: AbortSignal } = {},
): Promise<Decoded> {
  const { limits, signal = never(), ...decoders } = options;
  await using recording = await openRecording(source, { ...LIMITS, ...limits }, signal, decoders);
  const frames: AudioFrame[] = [];
  for await (const frame of recording.frames()) frames.push(frame);
  const report = recording.report();
  const samples = new Float32Array(report.samples);
  for (const frame of frames) samples.set(frame.samples, frame.startSample);
  return { format: recording.format, report, samples, frames };
}

/** The error of a decode that must fail. */
export async function failure(...parameters: Parameters<typeof decode>): Promise<VoicePrintsError> {
  const thrown = await decode(...parameters).then(
    () => new Error('it was decoded'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(VoicePrintsError);
  return thrown as VoicePrintsError;
}

export interface Likeness {
  /** Normalised, 0..1. */
  readonly correlation: number;
  /** How many samples later `heard` is. */
  readonly lag: number;
}

/** Best match of half a second in the middle of two signals, with one of -100 to 2,300 samples (144 ms) of delay. */
export function likeness(heard: Float32Array, reference: Float32Array): Likeness {
  let best: Likeness = { correlation: -1, lag: 0 };
  for (let lag = -100; lag <= 2_300; lag += 1) {
    let [product, heardPower, power] = [0, 0, 0];
    for (let i = 12_000; i < 20_000; i += 1) {
      const sample = heard[i + lag] ?? 0;
      product += sample * reference[i]!;
      heardPower += sample * sample;
      power += reference[i]! ** 2;
    }
    const correlation = product / Math.sqrt(heardPower * power || 1);
    if (correlation > best.correlation) best = { correlation, lag };
  }
  return best;
}

/** Processes started by this one that still run (Linux). */
export function childProcesses(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}

/** After every test of the file: no child of this process and no temporary file may be left. */
export function expectNothingLeft(folder: string): void {
  afterEach(() => {
    expect(childProcesses()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
}

/** Whether two signals are the same to the bit (an assertion over every element takes seconds). */
export const isSame = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

/** Pieces of the given size, as a stream would bring them. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
