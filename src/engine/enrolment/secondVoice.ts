import type { SampleSpan } from '../../core/audioFrame.js';
import type { SpeechSegment } from '../../core/identification.js';
import { msOfSamples, secondsOfSamples } from '../../core/time.js';
import type { EmbeddedLocalSpeech } from '../recording/localSpeechOf.js';
import type { EmbeddedSpeech } from '../recording/speechOf.js';
import { overlapOf, piecesOf, separatedVoice } from './secondVoiceEvidence.js';
import { splitVoice, type VoicePieces } from './splitVoice.js';

/** A second person in a sample. */
export interface SecondVoice {
  /** Speech of theirs, roughly. */
  readonly speechMs: number;
  /** Where in the sample, in seconds, in order; empty where that is not known. */
  readonly spans: readonly SpeechSegment[];
}

/** From here on a sample has a second voice; chosen on training speakers, see BENCHMARKS.md, "The enrolment gate". */
export const SECOND_VOICE_LIMITS = {
  /** Two voices at once, summed over the time of one chunk by the certainty of the segmentation network. */
  overlapMs: 320,
  /** The same of the whole sample, as a share of it: a long one has more chances of a mistake. */
  overlapShare: 0.01,
  /** Two local voices of a chunk with a cosine below this, each with so much speech. */
  separated: { cosine: 0.25, leastMs: 800 },
  /**
   * Two parts of the pieces of local voices: similarity relative to that within them, by the speech in the smaller one. The
   * less there is, the more dissimilar it may be by chance.
   */
  split: { leastMs: 1_200, similarityAtLeast: 0.4, enoughMs: 3_000, similarity: 0.6 },
  /**
   * Instead of those above, for telephone audio: half a second of two voices at once is also heard in its noise, and short parts
   * of one person are not as unlike as these limits.
   */
  narrowBand: {
    overlapMs: 520,
    split: { leastMs: 1_200, similarityAtLeast: 0.5, enoughMs: 3_000, similarity: 0.6 },
  },
  /** The same of windows of the speech, where no segmentation model is in use, and of segments of live speech. */
  windowSplit: { leastMs: 1_000, similarityAtLeast: 0.55, enoughMs: 1_000, similarity: 0.55 },
} as const;

type SplitLimits = Readonly<Record<keyof typeof SECOND_VOICE_LIMITS.split, number>>;

/** Spans nearer than this are one place. */
const GAP_SAMPLES = 8_000; // .5 s
/** Shorter places are left out beside longer ones. */
const LEAST_PLACE_SAMPLES = 3_200; // .2 s
/** Shorter windows are too uncertain to separate voices. */
const LEAST_WINDOW_MS = 400;

/** By the segmentation network, which detects two voices also where they speak at once, and the embeddings of what it separated. */
export function secondVoiceIn(heard: EmbeddedLocalSpeech, isNarrowBand: boolean): SecondVoice | undefined {
  const { separated, overlapShare } = SECOND_VOICE_LIMITS;
  const { split, overlapMs } = isNarrowBand ? SECOND_VOICE_LIMITS.narrowBand : SECOND_VOICE_LIMITS;
  const pieces = piecesOf(heard);
  const parts = secondPart(pieces, split);
  if (parts) return parts;
  const apart = separatedVoice(heard, separated.leastMs);
  if (apart && apart.cosine < separated.cosine) return { speechMs: apart.speechMs, spans: placesOf(apart.spans) };
  const overlap = overlapOf(heard.local.voices, heard.samples);
  const isEnough = overlap.mostInChunkMs >= overlapMs && overlap.allMs >= overlapShare * msOfSamples(heard.samples);
  if (!isEnough) return undefined;
  return { speechMs: overlap.allMs, spans: placesOf(overlap.spans) };
}

/** Without a segmentation model, by the embeddings of windows alone: voices behind another are not found. */
export const secondVoiceInWindows = (heard: EmbeddedSpeech): SecondVoice | undefined =>
  secondPart(windowsOf(heard), SECOND_VOICE_LIMITS.windowSplit);

/** Among segments of live speech. */
export const secondVoiceAmong = (pieces: VoicePieces): SecondVoice | undefined =>
  secondPart(pieces, SECOND_VOICE_LIMITS.windowSplit);

function secondPart(pieces: VoicePieces, limits: SplitLimits): SecondVoice | undefined {
  const split = splitVoice(pieces, limits.leastMs);
  if (!split || split.similarity >= similarityLimit(split.leastSpeechMs, limits)) return undefined;
  const spans = pieces.spans ? split.smaller.map((i) => pieces.spans![i]!) : [];
  return { speechMs: split.leastSpeechMs, spans: placesOf(spans) };
}

/** Rises evenly from the least speech to enough of it. */
function similarityLimit(speechMs: number, { leastMs, similarityAtLeast, enoughMs, similarity }: SplitLimits): number {
  const share = enoughMs > leastMs ? Math.min(1, (speechMs - leastMs) / (enoughMs - leastMs)) : 1;
  return similarityAtLeast + share * (similarity - similarityAtLeast);
}

function windowsOf({ windows, embeddings, dimensions, speech }: EmbeddedSpeech): VoicePieces {
  const lengths = windows.map(({ startSample, endSample }) => msOfSamples(endSample - startSample));
  const segmentOf = windows.map(({ startSample, endSample }) =>
    speech.findIndex((span) => span.startSample <= startSample && endSample <= span.endSample),
  );
  const windowsIn = new Map<number, number>();
  for (const segment of segmentOf) windowsIn.set(segment, (windowsIn.get(segment) ?? 0) + 1);
  const long = windows.flatMap((_, i) => (lengths[i]! >= LEAST_WINDOW_MS ? [i] : []));
  return {
    embeddings: long.map((i) => embeddings.subarray(i * dimensions, (i + 1) * dimensions)),
    speechMs: long.map((i) => {
      const { startSample, endSample } = speech[segmentOf[i]!] ?? windows[i]!;
      return msOfSamples(endSample - startSample) / windowsIn.get(segmentOf[i]!)!;
    }),
    spans: long.map((i) => windows[i]!),
  };
}

/** Overlapping and neighbouring spans as one, in seconds. */
function placesOf(spans: readonly SampleSpan[]): SpeechSegment[] {
  const places: { startSample: number; endSample: number }[] = [];
  for (const span of [...spans].sort((a, b) => a.startSample - b.startSample)) {
    const last = places.at(-1);
    if (last && span.startSample - last.endSample <= GAP_SAMPLES)
      last.endSample = Math.max(last.endSample, span.endSample);
    else places.push({ ...span });
  }
  const rounded = (samples: number) => Math.round(10 * secondsOfSamples(samples)) / 10;
  const long = places.filter(({ startSample, endSample }) => endSample - startSample >= LEAST_PLACE_SAMPLES);
  return (long.length > 0 ? long : places).map(({ startSample, endSample }) => ({
    start: rounded(startSample),
    end: rounded(endSample),
  }));
}
