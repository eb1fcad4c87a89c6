import type { SampleSpan } from '../../core/audioFrame.js';
import { exactSecondsOfSamples } from '../../core/time.js';
import { unit } from '../../core/vector.js';
import type { PooledVoice } from '../matchVoices.js';
import type { VoiceSumState } from './sessionState.js';

/** One embedded window of live speech. */
export interface LiveWindow extends SampleSpan {
  /** Unit norm, shape (d,). */
  readonly embedding: Float32Array<ArrayBuffer>;
  /** Speech that the window stands for in a sum: what no window before it covers. */
  readonly samples: number;
}

/** Weighted sum of unit embeddings: the embedding of one voice, and how much speech it was made of. */
export class VoiceSum {
  #sum: Float32Array<ArrayBuffer> | undefined;
  #samples = 0;

  /** All windows as one voice. */
  static of(windows: readonly LiveWindow[]): VoiceSum {
    const sum = new VoiceSum();
    for (const { embedding, samples } of windows) sum.#add(embedding, samples);
    return sum;
  }

  static from({ sum, samples }: VoiceSumState): VoiceSum {
    const made = new VoiceSum();
    made.#sum = sum && new Float32Array(sum);
    made.#samples = samples;
    return made;
  }

  get samples(): number {
    return this.#samples;
  }

  get state(): VoiceSumState {
    return { sum: this.#sum, samples: this.#samples };
  }

  /** True where both are made of the same. */
  equals(other: VoiceSum): boolean {
    const [own, others] = [this.#sum, other.#sum];
    if (this.#samples !== other.#samples || own?.length !== others?.length) return false;
    return own === others || own!.every((value, i) => value === others![i]);
  }

  /** A new sum of both. */
  with(other: VoiceSum): VoiceSum {
    const both = new VoiceSum();
    for (const part of [this, other]) {
      if (part.#sum) both.#add(part.#sum, 1);
    }
    both.#samples = this.#samples + other.#samples;
    return both;
  }

  /** Unit-norm mean and seconds; undefined where there is no speech. */
  pooled(): PooledVoice | undefined {
    if (!this.#sum) return undefined;
    return { centroid: unit(this.#sum), speechSeconds: exactSecondsOfSamples(this.#samples) };
  }

  #add(embedding: Float32Array, samples: number): void {
    this.#sum ??= new Float32Array(embedding.length);
    for (let i = 0; i < embedding.length; i += 1) this.#sum[i]! += samples * embedding[i]!;
    this.#samples += samples;
  }
}
