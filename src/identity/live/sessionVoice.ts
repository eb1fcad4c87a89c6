import type { Verdict } from '../decide.js';
import type { HeardVoice } from '../matchVoices.js';
import type { VoiceExemplar, VoiceSnapshot } from './liveChange.js';
import type { VoiceSum } from './voiceSum.js';

const MOST_EXEMPLARS = 20;
/** Turns of a voice that can still be told anew. */
const MOST_TOLD = 500;

/** A stretch of one voice. */
export interface HeardSum {
  readonly sum: VoiceSum;
  readonly snrDb: number | undefined;
}

/** One voice of a session, enrolled or not. */
export class SessionVoice {
  readonly number: number;
  verdict: Verdict;
  /** Whose voice it is, where a person said so. */
  bound: string | undefined;
  #sum: VoiceSum;
  #heard: HeardVoice;
  #exemplars: VoiceExemplar[];
  /** Turns told, the newest last, with what each was told as. */
  readonly #told = new Map<string, string>();

  constructor(number: number, { sum, snrDb }: HeardSum, verdict: Verdict) {
    this.number = number;
    this.verdict = verdict;
    this.#sum = sum;
    this.#heard = sum.heard()!;
    this.#exemplars = [{ embedding: this.#heard.centroid.slice(), samples: sum.samples, snrDb }];
  }

  /** Unit-norm mean and seconds. */
  get heard(): HeardVoice {
    return this.#heard;
  }

  get snapshot(): VoiceSnapshot {
    return { voice: this.number, exemplars: this.#exemplars, samples: this.#sum.samples };
  }

  /** The voice with more of it, which it does not keep. */
  heardWith(sum: VoiceSum): HeardVoice {
    return this.#sum.with(sum).heard()!;
  }

  learn({ sum, snrDb }: HeardSum): void {
    this.#take(sum, [{ embedding: sum.heard()!.centroid.slice(), samples: sum.samples, snrDb }]);
  }

  /** Takes over all that was known of another voice. */
  absorb(other: SessionVoice): void {
    this.#take(other.#sum, other.#exemplars);
    for (const [turnId, label] of other.#told) this.#told.set(turnId, label);
    this.#forgetOldTurns();
  }

  /** Remembers what a turn was told as. */
  tell(turnId: string): void {
    this.#told.set(turnId, this.#label);
    this.#forgetOldTurns();
  }

  #forgetOldTurns(): void {
    for (const turnId of this.#told.keys()) {
      if (this.#told.size <= MOST_TOLD) return;
      this.#told.delete(turnId);
    }
  }

  /** Turns that were told as somebody else than the voice is now; from now on they count as told anew. */
  tellAnew(): string[] {
    const label = this.#label;
    const turnIds = [...this.#told].flatMap(([turnId, told]) => (told === label ? [] : [turnId]));
    for (const turnId of turnIds) this.#told.set(turnId, label);
    return turnIds;
  }

  get #label(): string {
    return this.verdict.voiceId ?? `voice ${this.number}`;
  }

  /** Of more than 20 exemplars the one with least speech goes. */
  #take(sum: VoiceSum, exemplars: readonly VoiceExemplar[]): void {
    this.#sum = this.#sum.with(sum);
    this.#heard = this.#sum.heard()!;
    this.#exemplars = [...this.#exemplars, ...exemplars];
    while (this.#exemplars.length > MOST_EXEMPLARS) {
      const least = Math.min(...this.#exemplars.map(({ samples }) => samples));
      this.#exemplars.splice(
        this.#exemplars.findIndex(({ samples }) => samples === least),
        1,
      );
    }
  }
}
