import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import { samplesOfMs } from '../../../core/time.js';
import { Resampler } from '../../samples/resampler.js';

/** Silence inserted for a gap: longer than the memory of the filter. The rest of a gap is skipped. */
const GAP_SAMPLES = samplesOfMs(20);

/** A piece of a stream at 16 kHz. */
export interface PlacedPiece {
  readonly samples: Float32Array;
  readonly startSample: number;
}

/** A run of the filter's output, in samples at 16 kHz. */
interface Run {
  readonly count: number;
  /** Not filler for a gap. */
  readonly isReal: boolean;
  /** Time jumped over before it. */
  readonly jump: number;
}

/**
 * Audio with gaps from 8 to 16 kHz: one filter for the whole stream, however often a packet is lost, and no sample of
 * filler in its output.
 */
export class GapResampler {
  readonly #resampler = new Resampler(ENGINE_SAMPLE_RATE_HZ / 2);
  readonly #runs: Run[] = [];
  /** Position of the filter's next output. */
  #out: number;
  /** Position of its next input, if no gap precedes. */
  #in: number;

  /** @param startSample position of the first chunk, at 16 kHz */
  constructor(startSample: number) {
    this.#in = startSample;
    this.#out = startSample;
  }

  /** @param startSample at 16 kHz, even, never before the end of the piece before */
  *push(samples: Float32Array, startSample: number): Generator<PlacedPiece> {
    const gap = startSample - this.#in;
    if (gap > 0) {
      const filler = Math.min(gap, GAP_SAMPLES);
      this.#runs.push({ count: filler, isReal: false, jump: 0 });
      yield* this.#feed(new Float32Array(filler / 2));
      this.#in += gap;
      this.#runs.push({ count: 2 * samples.length, isReal: true, jump: gap - filler });
    } else this.#runs.push({ count: 2 * samples.length, isReal: true, jump: 0 });
    this.#in += 2 * samples.length;
    yield* this.#feed(samples);
  }

  /** What the filter still holds, at the end. */
  *flush(): Generator<PlacedPiece> {
    this.#runs.push({ count: GAP_SAMPLES, isReal: false, jump: 0 });
    yield* this.#feed(new Float32Array(GAP_SAMPLES / 2));
  }

  *#feed(input: Float32Array): Generator<PlacedPiece> {
    for (const piece of this.#resampler.push(input)) yield* this.#sort(piece);
  }

  *#sort(piece: Float32Array): Generator<PlacedPiece> {
    for (let at = 0; at < piece.length; ) {
      const run = this.#runs[0]!;
      const count = Math.min(run.count, piece.length - at);
      const startSample = this.#out + run.jump;
      if (run.isReal && count > 0) yield { samples: piece.subarray(at, at + count), startSample };
      this.#out = startSample + count;
      at += count;
      if (count === run.count) this.#runs.shift();
      else this.#runs[0] = { count: run.count - count, isReal: run.isReal, jump: 0 };
    }
  }
}
