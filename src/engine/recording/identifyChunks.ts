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
import { segmentsOf } from './identifyRecording.js';
import { type JoinedAudio, ShortChunks } from './shortChunks.js';
import { speechOf } from './speechOf.js';

/** Windows of earlier chunks that are used for clustering: some five minutes of speech. */
export const CONTEXT_WINDOWS = 400;

interface NamedPeople {
  /** The people who may be named. */
  readonly people: Nameable;
  /** Warnings about them. */
  readonly galleryWarnings?: readonly Warning[];
  readonly falseAcceptPercent: FalseAcceptPercent;
}

export interface ChunkToIdentify extends NamedPeople {
  /** Begins to decode the chunk; disposed here, whatever happens. */
  readonly openRecording: () => Promise<Recording>;
  /** Where the chunk begins in its stream, in seconds; undefined: where the last one ended. */
  readonly startSeconds: number | undefined;
}

interface Naming {
  /** Of the answer. */
  readonly span: SampleSpan;
  readonly isHeld: boolean;
  readonly compute: Compute;
  readonly signal: AbortSignal;
}

/** Who speaks in one chunk of a stream. */
export interface IdentifiedChunk {
  /** Seconds of the stream. */
  readonly start: number;
  readonly end: number;
  /** Seconds of audio that were identified now, those of short chunks before it included. */
  readonly heard: number;
  /** The chunk is too short alone: it is identified with those that follow, or by `finish`. */
  readonly isHeld?: boolean;
  /** In order of `start`, in seconds of the stream, all of them within the chunk and the short ones before it. */
  readonly segments: readonly IdentifiedSegment[];
  /** What the user should know of the people looked for, e.g. NOBODY_ENROLLED. */
  readonly warnings: readonly Warning[];
}

export interface ChunkIdentificationOptions {
  /** Windows of earlier chunks that are kept; 0 treats every chunk as the first. */
  readonly contextWindows?: number;
  /** Shorter chunks are identified together with those that follow; 0, the default: each by itself. */
  readonly leastChunkMs?: number | undefined;
}

/**
 * Names the voices of a stream that comes in chunks, each a small recording. Each chunk is embedded once; the
 * voices in it are identified from the stream so far.
 */
export class ChunkIdentification {
  readonly #memory: ChunkMemory;
  readonly #short: ShortChunks;
  readonly #bandwidth = new BandwidthProbe();
  #isNarrowBand = false;
  #endSample = 0;
  #people: NamedPeople | undefined;

  constructor({ contextWindows = CONTEXT_WINDOWS, leastChunkMs = 0 }: ChunkIdentificationOptions = {}) {
    this.#memory = new ChunkMemory(contextWindows);
    this.#short = new ShortChunks(leastChunkMs);
  }

  /** One chunk after the other. Throws what the decoder, the networks and the signal throw; the chunk is then left out. */
  async identify(chunk: ChunkToIdentify, compute: Compute, signal: AbortSignal): Promise<IdentifiedChunk> {
    this.#people = chunk;
    const startSample =
      chunk.startSeconds === undefined
        ? (this.#short.endSample ?? this.#endSample)
        : samplesOfMs(chunk.startSeconds * 1000);
    await using recording = await chunk.openRecording();
    const joined = await this.#short.add(recording, startSample);
    const spans = await this.#hear(joined, compute, signal);
    const endSample = this.#short.endSample ?? this.#endSample;
    const isHeld = this.#short.endSample !== undefined;
    return this.#named(chunk, spans, { span: { startSample, endSample }, isHeld, compute, signal });
  }

  /** At the end of the stream: who speaks in the short chunks that nothing followed; undefined where there are none. */
  async finish(compute: Compute, signal: AbortSignal): Promise<IdentifiedChunk | undefined> {
    const [span] = await this.#hear(this.#short.take(), compute, signal);
    if (!span || !this.#people) return undefined;
    return this.#named(this.#people, [span], { span, isHeld: false, compute, signal });
  }

  async #named(
    { people, falseAcceptPercent, galleryWarnings: warnings = [] }: NamedPeople,
    heard: readonly SampleSpan[],
    { span, isHeld, compute, signal }: Naming,
  ): Promise<IdentifiedChunk> {
    const seconds = {
      start: secondsOfSamples(span.startSample),
      end: secondsOfSamples(span.endSample),
      heard: secondsOfSamples(heard.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0)),
    };
    if (heard.length === 0) return { ...seconds, isHeld, segments: [], warnings };
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
    const inOrder = heard.toSorted((a, b) => a.startSample - b.startSample);
    const within = segmentsOf(
      inOrder.flatMap((part) => turns.flatMap((turn) => clipped(turn, part))),
      people.names,
    );
    return { ...seconds, isHeld, segments: within, warnings };
  }

  /** Embeds what is to be identified now, and says where in the stream it is. */
  async #hear(joined: readonly JoinedAudio[], compute: Compute, signal: AbortSignal): Promise<SampleSpan[]> {
    const spans: SampleSpan[] = [];
    for (const { startSample, frames, isLowRate } of joined) {
      const embedded = await speechOf(frames, {
        compute,
        signal,
        onSpeech: ({ samples }) => this.#bandwidth.add(samples),
      });
      if (embedded.speech.length > 0) {
        this.#isNarrowBand = isLowRate || (await this.#bandwidth.isNarrowBand(compute, signal));
      }
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
      spans.push({ startSample, endSample });
    }
    return spans;
  }
}

/** The part of a turn within the chunk, if any. */
function clipped(turn: ResolvedTurn, span: SampleSpan): ResolvedTurn[] {
  const startSample = Math.max(turn.startSample, span.startSample);
  const endSample = Math.min(turn.endSample, span.endSample);
  return endSample > startSample ? [{ ...turn, startSample, endSample }] : [];
}
