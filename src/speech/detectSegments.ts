import type { AudioFrame, SampleSpan } from '../core/audioFrame.js';
import { removeOffset } from './constantOffset.js';
import { HeldAudio } from './heldAudio.js';
import type { SileroState } from './sileroVad.js';
import { HOP_SAMPLES, type SegmenterOptions, SpeechSegmenter } from './speechSegmenter.js';

/** The voice-activity network, wherever it runs; Compute.detectSpeech is one. `samples` may be taken away. */
export type DetectSpeech = (
  samples: Float32Array<ArrayBuffer>,
  state: SileroState | undefined,
  signal: AbortSignal,
) => Promise<{ readonly probabilities: Float32Array<ArrayBuffer>; readonly state: SileroState }>;

/** A segment of speech with its audio. */
export interface AudioSegment extends SampleSpan {
  /** Mono 16 kHz, shape (endSample - startSample,), in its own buffer. */
  readonly samples: Float32Array<ArrayBuffer>;
}

/** What is known at the end of a stream. */
export interface SegmentsReport {
  readonly samples: number;
}

export interface DetectSegmentsOptions {
  readonly segmenter: SegmenterOptions;
  readonly detect: DetectSpeech;
  readonly signal: AbortSignal;
  /** Audio looked at in one call of the network: fewer, longer calls cost less. */
  readonly pieceMs?: number;
}

const DEFAULT_PIECE_MS = 16_000;
const SAMPLES_PER_MS = 16;

/**
 * Speech of a stream with its audio, in order, never overlapping. Only the piece being looked at and speech not yet
 * ended are held: at most `pieceMs` + `maxSpeechMs`, whatever the length of the recording. Returns the stream's length.
 */
export async function* detectSegments(
  frames: AsyncIterable<AudioFrame>,
  { segmenter: options, detect, signal, pieceMs = DEFAULT_PIECE_MS }: DetectSegmentsOptions,
): AsyncGenerator<AudioSegment, SegmentsReport> {
  const segmenter = new SpeechSegmenter(options);
  const pieceSamples = Math.max(1, Math.floor((pieceMs * SAMPLES_PER_MS) / HOP_SAMPLES)) * HOP_SAMPLES;
  const held = new HeldAudio();
  let state: SileroState | undefined;
  let looked = 0; // samples the network has seen
  for await (const { samples } of frames) {
    held.append(samples);
    while (held.endSample - looked >= pieceSamples) {
      const result = await detect(removeOffset(held.copy(looked, looked + pieceSamples)), state, signal);
      state = result.state;
      looked += pieceSamples;
      for (const span of segmenter.push(result.probabilities)) yield segmentOf(held, span);
      held.dropBefore(Math.min(segmenter.settledSample, looked));
    }
  }
  const { endSample } = held;
  if (endSample > looked) {
    // The last hop is filled up with silence: its start may still be speech.
    const hops = Math.ceil((endSample - looked) / HOP_SAMPLES);
    const rest = new Float32Array(hops * HOP_SAMPLES);
    rest.set(removeOffset(held.copy(looked, endSample)));
    const { probabilities } = await detect(rest, state, signal);
    for (const span of segmenter.push(probabilities)) yield segmentOf(held, clip(span, endSample));
  }
  for (const span of segmenter.flush(endSample)) yield segmentOf(held, clip(span, endSample));
  return { samples: endSample };
}

const clip = ({ startSample, endSample }: SampleSpan, streamEnd: number): SampleSpan => ({
  startSample: Math.min(startSample, streamEnd),
  endSample: Math.min(endSample, streamEnd),
});

const segmentOf = (held: HeldAudio, { startSample, endSample }: SampleSpan): AudioSegment => ({
  startSample,
  endSample,
  samples: held.copy(startSample, endSample),
});
