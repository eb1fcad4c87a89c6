import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Recording } from '../audio/recording.js';
import { ENGINE_SAMPLE_RATE_HZ } from '../core/audioFrame.js';
import type { CalibrationParameters } from '../core/calibration.js';
import { VoicePrintsError } from '../core/errors.js';
import { type ManifestRow, parseManifest } from '../evaluation/manifest.js';
import { type Calibrate, type EmbeddedUtterance, type VerificationResult, verify } from '../evaluation/verification.js';
import { llrOf, typicality } from '../identity/calibration.js';
import type { Compute, SpeechAudio } from './compute.js';
import { wholeRecording } from './wholeRecording.js';

export interface EvaluateVerificationOptions {
  /** A JSON object a line, see evaluation/manifest.ts; its files are relative to it. */
  readonly manifestPath: string;
  /** Only the middle of each utterance; undefined: all of it. */
  readonly seconds?: number | undefined;
  readonly compute: Compute;
  /** Begins to decode a file. */
  readonly openRecording: (path: string) => Promise<Recording>;
  readonly signal: AbortSignal;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Shorter utterances are left out: the network needs 500 ms, and says little before 750. */
const LEAST_SAMPLES = 12_000; // 750 ms

/**
 * How well the speaker model tells people apart: every utterance with every other, each as one window.
 *
 * @throws VoicePrintsError FILE_NOT_FOUND, INPUT_INVALID, or what the decoder and the network throw
 */
export async function evaluateVerification(options: EvaluateVerificationOptions): Promise<VerificationResult> {
  const rows = parseManifest(await readManifest(options.manifestPath));
  const utterances = await embedRows(rows, options);
  const { calibration } = options.compute.model;
  const result = verify(utterances, calibration && calibratedBy(calibration, utterances));
  if (result) return result;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    'the manifest gives no pair of one speaker or none of two; list two utterances of 0.75 s or more of two speakers at least',
  );
}

/** Either utterance could be the probe: both count with the mean of their typicalities. */
function calibratedBy(calibration: CalibrationParameters, utterances: readonly EmbeddedUtterance[]): Calibrate {
  const known = new Map(utterances.map((one) => [one, typicality(one.embedding, calibration)]));
  return (cosine, a, b) => {
    const meanTypicality = (known.get(a)! + known.get(b)!) / 2;
    const comparison = {
      cosine,
      speechSeconds: Math.min(a.speechSeconds, b.speechSeconds),
      isNarrowBand: false,
      probeTypicality: meanTypicality,
      voiceTypicality: meanTypicality,
    };
    return llrOf(comparison, calibration);
  };
}

async function readManifest(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const code = isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    throw new VoicePrintsError(code, 'the manifest cannot be read; check its path', { cause });
  }
}

/** Embeds every row, one file after the other: each is decoded once and held whole meanwhile. */
async function embedRows(
  rows: readonly ManifestRow[],
  options: EvaluateVerificationOptions,
): Promise<EmbeddedUtterance[]> {
  const { compute, signal } = options;
  const byFile = new Map<string, ManifestRow[]>();
  for (const row of rows) byFile.set(row.file, [...(byFile.get(row.file) ?? []), row]);
  const utterances: EmbeddedUtterance[] = [];
  let done = 0;
  for (const [file, fileRows] of byFile) {
    signal.throwIfAborted();
    const samples = await wholeRecording(await options.openRecording(resolve(dirname(options.manifestPath), file)));
    const wanted = fileRows
      .map((row) => ({ row, cut: cutOf(samples, row, options.seconds) }))
      .filter(({ row, cut }) => wholeLength(samples, row) >= LEAST_SAMPLES && cut.length >= LEAST_SAMPLES / 1.5);
    const spans = wanted.map(
      ({ cut }): SpeechAudio => ({ samples: cut.slice(), windows: [{ startSample: 0, endSample: cut.length }] }),
    );
    const embeddings = await compute.embed(spans, signal);
    wanted.forEach(({ row, cut }, i) => {
      const speechSeconds = cut.length / ENGINE_SAMPLE_RATE_HZ;
      utterances.push({ speaker: row.speaker, session: row.session, embedding: embeddings[i]!, speechSeconds });
    });
    done += fileRows.length;
    options.onProgress?.(done, rows.length);
  }
  return utterances;
}

const boundsOf = (samples: Float32Array, { startSeconds, endSeconds }: ManifestRow) => ({
  from: Math.min(samples.length, Math.trunc(startSeconds * ENGINE_SAMPLE_RATE_HZ)),
  to:
    endSeconds === undefined
      ? samples.length
      : Math.min(samples.length, Math.trunc(endSeconds * ENGINE_SAMPLE_RATE_HZ)),
});

function wholeLength(samples: Float32Array, row: ManifestRow): number {
  const { from, to } = boundsOf(samples, row);
  return to - from;
}

/** The utterance, or the middle `seconds` of it. */
function cutOf(samples: Float32Array, row: ManifestRow, seconds: number | undefined): Float32Array {
  const { from, to } = boundsOf(samples, row);
  if (seconds === undefined) return samples.subarray(from, to);
  const length = Math.trunc(seconds * ENGINE_SAMPLE_RATE_HZ);
  const start = from + Math.max(0, (to - from - length) >> 1);
  return samples.subarray(start, Math.min(to, start + length));
}
