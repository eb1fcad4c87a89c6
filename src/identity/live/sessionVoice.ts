import type { Verdict } from '../decide.js';
import type { HeardVoice } from '../matchVoices.js';
import type { VoiceExemplar, VoiceSnapshot } from './liveChange.js';
import { VoiceSum } from './voiceSum.js';

const MOST_EXEMPLARS = 20;
/** Turns of a voice that can still be relabelled. */
const MOST_TOLD = 500;

/** A stretch of one voice. */
export interface HeardSum {
  readonly turnId: string;
  /** Counts the turns of the session. */
  readonly order: number;
  readonly sum: VoiceSum;
  readonly snrDb: number | undefined;
}

/** An exemplar and the turn it was made of, while that is remembered. */
interface KeptExemplar extends VoiceExemplar {
  readonly of: HeardSum | undefined;
}

const NOBODY: Verdict = { voiceId: null, decision: 'unknown', score: 0, margin: 0, cosine: null, candidates: [] };

/** One voice of a session, enrolled or not. */
export class SessionVoice {
  readonly number: number;
  verdict: Verdict = NOBODY;
  /** How much the voice is like each enrolled person, as llr. */
  llrs: ReadonlyMap<string, number> = new Map();
  /** Whose voice it is, where a person said so. */
  bound: string | undefined;
  /** What was learnt before the turns that are remembered one by one. */
  #earlier = new VoiceSum();
  #learnt: HeardSum[];
  #sum: VoiceSum;
  #heard: HeardVoice;
  #exemplars: KeptExemplar[] = [];
  /** Turns reported, the newest last, with what each was reported as. */
  readonly #told = new Map<string, string>();

  constructor(number: number, learnt: readonly HeardSum[]) {
    this.number = number;
    this.#learnt = [...learnt];
    this.#sum = sumOf(this.#learnt);
    this.#heard = this.#sum.heard()!;
    this.#keepExemplars(learnt.map(exemplarOf));
  }

  /** Unit-norm mean and seconds. */
  get heard(): HeardVoice {
    return this.#heard;
  }

  get snapshot(): VoiceSnapshot {
    return { voice: this.number, exemplars: this.#exemplars, samples: this.#sum.samples };
  }

  /** The latest turns it was learnt from. */
  get learnt(): readonly HeardSum[] {
    return this.#learnt;
  }

  /** The voice with more of it, which it does not keep. */
  heardWith(sum: VoiceSum): HeardVoice {
    return this.#sum.with(sum).heard()!;
  }

  learn(heard: HeardSum): void {
    this.#take([heard]);
    this.#keepExemplars([exemplarOf(heard)]);
  }

  /** Takes over all that was known of another voice. */
  absorb(other: SessionVoice): void {
    this.#earlier = this.#earlier.with(other.#earlier);
    this.#take(other.#learnt);
    this.#keepExemplars(other.#exemplars);
    for (const [turnId, label] of other.#told) this.#told.set(turnId, label);
    this.#forgetOldTurns();
  }

  /** What was learnt before the turns that are remembered one by one; undefined where there was none. */
  get earlier(): VoiceSum | undefined {
    return this.#earlier.samples > 0 ? this.#earlier : undefined;
  }

  /** Remembers the oldest of its turns only as a part of the whole. */
  settleOldest(): void {
    const [oldest, ...rest] = this.#learnt;
    if (!oldest) return;
    this.#learnt = rest;
    this.#earlier = this.#earlier.with(oldest.sum);
    this.#exemplars = this.#exemplars.map((one) => (one.of === oldest ? { ...one, of: undefined } : one));
  }

  /** Other turns turned out to be this voice's; there must be some, or earlier ones. */
  relearn(turns: readonly HeardSum[]): void {
    this.#learnt = [...turns];
    this.#sum = this.#earlier.with(sumOf(this.#learnt));
    this.#heard = this.#sum.heard()!;
    const known = new Set(turns);
    const kept = this.#exemplars.filter(({ of }) => of === undefined || known.has(of));
    const missing = turns.filter((turn) => !kept.some(({ of }) => of === turn));
    this.#exemplars = kept;
    this.#keepExemplars(missing.map(exemplarOf));
  }

  /** Hands over what a turn was reported as; undefined where it does not follow the voice. */
  handOver(turnId: string, to: SessionVoice): void {
    const label = this.#told.get(turnId);
    if (label === undefined) return;
    this.#told.delete(turnId);
    to.#told.set(turnId, label);
  }

  /** The same for all turns. */
  handOverAll(to: SessionVoice): void {
    for (const turnId of [...this.#told.keys()]) this.handOver(turnId, to);
  }

  /** Remembers what a turn was reported as: a person's id, or undefined for this voice, unknown. */
  tell(turnId: string, voiceId: string | null): void {
    this.#told.set(turnId, this.#labelOf(voiceId));
    this.#forgetOldTurns();
  }

  /** Turns that were reported as somebody else than the voice is now; from now on they count as reported anew. */
  tellAnew(): string[] {
    const label = this.#labelOf(this.verdict.voiceId);
    const turnIds = [...this.#told].flatMap(([turnId, told]) => (told === label ? [] : [turnId]));
    for (const turnId of turnIds) this.#told.set(turnId, label);
    return turnIds;
  }

  #labelOf(voiceId: string | null): string {
    return voiceId ?? `voice ${this.number}`;
  }

  #forgetOldTurns(): void {
    for (const turnId of this.#told.keys()) {
      if (this.#told.size <= MOST_TOLD) return;
      this.#told.delete(turnId);
    }
  }

  #take(turns: readonly HeardSum[]): void {
    this.#learnt = [...this.#learnt, ...turns].sort((a, b) => a.order - b.order);
    this.#sum = this.#earlier.with(sumOf(this.#learnt));
    this.#heard = this.#sum.heard()!;
  }

  /** Of more than 20 exemplars those with least speech go. */
  #keepExemplars(more: readonly KeptExemplar[]): void {
    this.#exemplars = [...this.#exemplars, ...more];
    while (this.#exemplars.length > MOST_EXEMPLARS) {
      const least = Math.min(...this.#exemplars.map(({ samples }) => samples));
      this.#exemplars.splice(
        this.#exemplars.findIndex(({ samples }) => samples === least),
        1,
      );
    }
  }
}

const exemplarOf = (turn: HeardSum): KeptExemplar => {
  const { sum, snrDb } = turn;
  return { of: turn, embedding: sum.heard()!.centroid.slice(), samples: sum.samples, snrDb };
};

const sumOf = (turns: readonly HeardSum[]): VoiceSum => turns.reduce((all, { sum }) => all.with(sum), new VoiceSum());
