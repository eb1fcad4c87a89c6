import type { SampleSpan } from '../../core/audioFrame.js';

/** Speech and embeddings of one chunk, on the clock of its stream. */
export interface EmbeddedChunk extends SampleSpan {
  readonly speech: readonly SampleSpan[];
  readonly windows: readonly SampleSpan[];
  readonly dimensions: number;
  /** Unit-norm embeddings of the windows, row-major, shape (windows, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
}

/**
 * The windows of the last chunks of a stream, so that a voice is identified from all its speech and not from one chunk alone.
 * Bounded: about 1 kB per window, at most `maxWindows` besides those of the newest chunk.
 */
export class ChunkMemory {
  readonly #maxWindows: number;
  #chunks: readonly EmbeddedChunk[] = [];

  constructor(maxWindows: number) {
    this.#maxWindows = maxWindows;
  }

  /** Adds a chunk. It replaces those it overlaps: a chunk sent twice, or cut with overlap, counts once. */
  add(chunk: EmbeddedChunk): void {
    const apart = this.#chunks.filter(
      ({ startSample, endSample }) => endSample <= chunk.startSample || startSample >= chunk.endSample,
    );
    let room = this.#maxWindows;
    const kept = apart.toReversed().filter(({ windows }) => {
      room -= windows.length;
      return room >= 0;
    });
    this.#chunks = [chunk, ...kept].sort((a, b) => a.startSample - b.startSample);
  }

  /** All chunks, in order; segments of speech that were cut between chunks are joined again. */
  joined(dimensions: number): Pick<EmbeddedChunk, 'speech' | 'windows' | 'dimensions' | 'embeddings'> {
    const windows = this.#chunks.flatMap((chunk) => chunk.windows);
    const embeddings = new Float32Array(windows.length * dimensions);
    let at = 0;
    for (const chunk of this.#chunks) {
      embeddings.set(chunk.embeddings, at);
      at += chunk.embeddings.length;
    }
    return { speech: mended(this.#chunks.flatMap((chunk) => chunk.speech)), windows, dimensions, embeddings };
  }
}

function mended(speech: readonly SampleSpan[]): SampleSpan[] {
  const whole: SampleSpan[] = [];
  for (const span of speech) {
    const last = whole.at(-1);
    if (last && span.startSample <= last.endSample) {
      whole[whole.length - 1] = { startSample: last.startSample, endSample: Math.max(last.endSample, span.endSample) };
    } else whole.push(span);
  }
  return whole;
}
