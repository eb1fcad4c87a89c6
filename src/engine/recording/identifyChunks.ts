import type { Recording } from '../../audio/recording.js';
import type { SampleSpan } from '../../core/audioFrame.js';
import type { FalseAcceptPercent, IdentifiedSegment, Warning } from '../../core/identification.js';
import { samplesOfMs, secondsOfSamples } from '../../core/time.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import type { ResolvedTurn } from '../../identity/resolveVoices.js';
import type { Compute } from '../compute/compute.js';
import type { Nameable } from '../voiceprints/nameable.js';
import { resolveFor } from '../voiceprints/resolveFor.js';
import { BandwidthProbe } from './bandwidthProbe.js';
import { ChunkMemory } from './chunkMemory.js';
import { isLowRate, segmentsOf } from './identifyRecording.js';
import { speechOf } from './speechOf.js';

/** Windows of earlier chunks that are used for clustering: some five minutes of speech. */
export const CONTEXT_WINDOWS = 400;

export interface ChunkToIdentify {
  /** Begins to decode the chunk; disposed here, whatever happens. */
  readonly openRecording: () => Promise<Recording>;
  /** Where the chunk begins in its stream, in seconds; undefined: where the last one ended. */
  readonly startSeconds: number | undefined;
  /** The people who may be named. */
  readonly people: Nameable;
  /** Warnings about them. */
  readonly galleryWarnings?: readonly Warning[];
  readonly falseAcceptPercent: FalseAcceptPercent;
}

/** Who speaks in one chunk of a stream. */
export interface IdentifiedChunk {
  /** Seconds of the stream. */
  readonly start: number;
  readonly end: number;
  /** In order of `start`, in seconds of the stream, all of them within the chunk. */
  readonly segments: readonly IdentifiedSegment[];
  /** What the user should know of the people looked for, e.g. NOBODY_ENROLLED. */
  readonly warnings: readonly Warning[];
}

/**
 * Names the voices of a stream that comes in chunks, each a small recording. Each chunk is embedded once; the
 * voices in it are identified from the stream so far.
 */
export class ChunkIdentification {
  readonly #memory: ChunkMemory;
  readonly #bandwidth = new BandwidthProbe();
  #isNarrowBand = false;
  #endSample = 0;

  /** @param contextWindows windows of earlier chunks that are kept; 0 treats every chunk as the first */
  constructor(contextWindows = CONTEXT_WINDOWS) {
    this.#memory = new ChunkMemory(contextWindows);
  }

  /** One chunk after the other. Throws what the decoder, the networks and the signal throw; the chunk is then left out. */
  async identify(chunk: ChunkToIdentify, compute: Compute, signal: AbortSignal): Promise<IdentifiedChunk> {
    const { people, falseAcceptPercent, startSeconds, galleryWarnings: warnings = [] } = chunk;
    const span = await this.#hear(chunk, startSeconds, compute, signal);
    const { turns } = await resolveFor(
      people,
      {
        ...this.#memory.joined(compute.model.dimensions),
        calibration: compute.model.calibration ?? UNCALIBRATED,
        falseAcceptPercent,
        isNarrowBand: this.#isNarrowBand,
      },
      { compute, signal },
    );
    const within = segmentsOf(
      turns.flatMap((turn) => clipped(turn, span)),
      people.names,
    );
    return {
      start: secondsOfSamples(span.startSample),
      end: secondsOfSamples(span.endSample),
      segments: within,
      warnings,
    };
  }

  async #hear(
    { openRecording }: ChunkToIdentify,
    startSeconds: number | undefined,
    compute: Compute,
    signal: AbortSignal,
  ): Promise<SampleSpan> {
    await using recording = await openRecording();
    const embedded = await speechOf(recording.frames(), {
      compute,
      signal,
      onSpeech: ({ samples }) => this.#bandwidth.add(samples),
    });
    if (embedded.speech.length > 0) {
      this.#isNarrowBand = isLowRate(recording) || (await this.#bandwidth.isNarrowBand(compute, signal));
    }
    const startSample = startSeconds === undefined ? this.#endSample : samplesOfMs(startSeconds * 1000);
    const endSample = startSample + embedded.samples;
    const shifted = (span: SampleSpan): SampleSpan => ({
      startSample: span.startSample + startSample,
      endSample: span.endSample + startSample,
    });
    this.#memory.add({
      ...embedded,
      startSample,
      endSample,
      speech: embedded.speech.map(shifted),
      windows: embedded.windows.map(shifted),
    });
    this.#endSample = endSample;
    return { startSample, endSample };
  }
}

/** The part of a turn within the chunk, if any. */
function clipped(turn: ResolvedTurn, span: SampleSpan): ResolvedTurn[] {
  const startSample = Math.max(turn.startSample, span.startSample);
  const endSample = Math.min(turn.endSample, span.endSample);
  return endSample > startSample ? [{ ...turn, startSample, endSample }] : [];
}
