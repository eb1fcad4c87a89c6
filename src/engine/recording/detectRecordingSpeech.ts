import type { Recording } from '../../audio/recording.js';
import type { SpeechActivity, SpeechSegment, Warning } from '../../core/identification.js';
import type { OnProgress } from '../../core/progress.js';
import { msOfSamples, secondsOfSamples } from '../../core/time.js';
import { detectSegments } from '../../speech/detectSegments.js';
import { NARROW_BAND_SEGMENTER } from '../../speech/speechSegmenter.js';
import type { Compute } from '../compute/compute.js';

interface DetectRecordingSpeechOptions {
  readonly compute: Compute;
  /** Pauses shorter than this belong to the speech around them. */
  readonly minNonSpeechMs: number;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
}

/** Detects speech in one recording; disposes it. Throws what the decoder, the network and the signal throw. */
export async function detectRecordingSpeech(
  opened: Recording,
  { compute, minNonSpeechMs, signal, onProgress }: DetectRecordingSpeechOptions,
): Promise<SpeechActivity> {
  await using recording = opened;
  const totalMs = recording.format.durationMs;
  const detect = (...call: Parameters<Compute['detectSpeech']>) => compute.detectSpeech(...call);
  const found = detectSegments(recording.frames(), { segmenter: NARROW_BAND_SEGMENTER, detect, signal });
  const segments: SpeechSegment[] = [];
  try {
    for (;;) {
      const next = await found.next();
      if (next.done) {
        const warnings: Warning[] = recording.report().isPartial
          ? [{ code: 'AUDIO_TRUNCATED', message: 'the recording is truncated; the answer covers what was read' }]
          : [];
        return { durationSeconds: secondsOfSamples(next.value.samples), segments, warnings };
      }
      const { startSample, endSample } = next.value;
      onProgress?.({ stage: 'analyse', doneMs: msOfSamples(endSample), totalMs });
      const start = secondsOfSamples(startSample);
      const end = secondsOfSamples(endSample);
      const last = segments.at(-1);
      const isPause = last === undefined || (start - last.end) * 1000 >= Math.max(1, minNonSpeechMs);
      if (isPause) segments.push({ start, end });
      else segments[segments.length - 1] = { start: last.start, end };
    }
  } finally {
    await found.return({ samples: 0 });
  }
}
