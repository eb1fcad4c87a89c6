import { ENGINE_SAMPLE_RATE_HZ } from '../core/audioFrame.js';
import type { CalibrationParameters } from '../core/calibration.js';
import { VoicePrintsError } from '../core/errors.js';
import type { Compute, SpeechAudio } from '../engine/compute/compute.js';
import type { ManifestRow } from '../evaluation/manifest.js';
import { type Calibrate, type EmbeddedUtterance, type VerificationResult, verify } from '../evaluation/verification.js';
import { llrOf } from '../identity/calibration.js';
import { groupAudio, type ManifestAudioOptions, readManifestRows } from './manifestAudio.js';

export interface EvaluateVerificationOptions extends ManifestAudioOptions {
  /** Only the middle of each utterance; undefined: all of it. */
  readonly seconds?: number | undefined;
  readonly compute: Compute;
}

/** Shorter utterances are skipped: the network needs 500 ms, and is unreliable below 750. */
const LEAST_SAMPLES = 12_000; // 750 ms

/**
 * Discrimination of the speaker model: every utterance against every other, each as one window.
 *
 * @throws VoicePrintsError FILE_NOT_FOUND, INPUT_INVALID, and the errors of the decoder and the network
 */
export async function evaluateVerification(options: EvaluateVerificationOptions): Promise<VerificationResult> {
  const rows = await readManifestRows(options.manifestPath);
  const utterances = await embedRows(rows, options);
  const { calibration } = options.compute.model;
  const result = verify(utterances, calibration && calibratedBy(calibration));
  if (result) return result;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    'the manifest gives no pair of one speaker or none of two; list two utterances of 0.75 s or more of two speakers at least',
  );
}

/** The shorter utterance is the probe. */
const calibratedBy =
  (calibration: CalibrationParameters): Calibrate =>
  (cosine, a, b) =>
    llrOf(
      {
        cosine,
        speechSeconds: Math.min(a.speechSeconds, b.speechSeconds),
        voiceSeconds: Math.max(a.speechSeconds, b.speechSeconds),
        alone: 1,
        isNarrowBand: false,
        isNarrowBandBoth: false,
      },
      calibration,
    );

/** Embeds every row, one file after the other. */
async function embedRows(
  rows: readonly ManifestRow[],
  options: EvaluateVerificationOptions,
): Promise<EmbeddedUtterance[]> {
  const { compute, signal } = options;
  const byFile = new Map<string, ManifestRow[]>();
  for (const row of rows) byFile.set(row.file, [...(byFile.get(row.file) ?? []), row]);
  const groups = [...byFile.values()];
  const utterances: EmbeddedUtterance[] = [];
  let group = 0;
  for await (const cuts of groupAudio(groups, options)) {
    const wanted = groups[group]!.map((row, i) => ({
      row,
      whole: cuts[i]!,
      cut: middleOf(cuts[i]!, options.seconds),
    })).filter(({ whole, cut }) => whole.length >= LEAST_SAMPLES && cut.length >= LEAST_SAMPLES / 1.5);
    const spans = wanted.map(
      ({ cut }): SpeechAudio => ({ samples: cut.slice(), windows: [{ startSample: 0, endSample: cut.length }] }),
    );
    const embeddings = await compute.embed(spans, signal);
    wanted.forEach(({ row, cut }, i) => {
      const speechSeconds = cut.length / ENGINE_SAMPLE_RATE_HZ;
      utterances.push({ speaker: row.speaker, session: row.session, embedding: embeddings[i]!, speechSeconds });
    });
    group += 1;
  }
  return utterances;
}

/** The utterance, or the middle `seconds` of it. */
function middleOf(samples: Float32Array, seconds: number | undefined): Float32Array {
  if (seconds === undefined) return samples;
  const length = Math.trunc(seconds * ENGINE_SAMPLE_RATE_HZ);
  const start = Math.max(0, (samples.length - length) >> 1);
  return samples.subarray(start, start + length);
}
