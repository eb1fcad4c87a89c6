import type { Verdict } from '../decide.js';
import type { PooledVoice } from '../matchVoices.js';
import type { VoiceExemplar, VoiceSnapshot } from './liveChange.js';
import type { SessionVoiceState } from './sessionState.js';
import { VoiceSum } from './voiceSum.js';

const MOST_EXEMPLARS = 20;
/** Turns of a voice that can still be relabelled. */
const MOST_REPORTED = 500;

/** A turn of one voice. */
export interface VoiceTurn {
  readonly turnId: string;
  /** Counts the turns of the session. */
  readonly order: number;
  readonly sum: VoiceSum;
  readonly snrDb: number | undefined;
}

/** An exemplar and the turn it was made of, while that is remembered. */
interface KeptExemplar extends VoiceExemplar {
  readonly of: VoiceTurn | undefined;
}

const NOBODY: Verdict = { speakerId: null, decision: 'unknown', score: 0, margin: 0, cosine: null, candidates: [] };

/** One voice of a session, enrolled or not. */
export class SessionVoice {
  readonly number: number;
  verdict: Verdict = NOBODY;
  /** How much the voice is like each enrolled person, as llr. */
  llrs: ReadonlyMap<string, number> = new Map();
  /** Whose voice it is, where a person said so. */
  bound: string | undefined;
  /** Whose it is not, where a person said so. */
  readonly excluded = new Set<string>();
  /** What was learnt before the turns that are remembered one by one. */
  #earlier: VoiceSum;
  #learnt: VoiceTurn[];
  #sum: VoiceSum;
  #pooled: PooledVoice;
  #exemplars: KeptExemplar[] = [];
  /** Turns reported, the newest last, with what each was reported as. */
  readonly #reported = new Map<string, string>();

  /** At least one of the turns or the earlier sum holds speech. */
  constructor(number: number, learnt: readonly VoiceTurn[], earlier = new VoiceSum()) {
    this.number = number;
    this.#earlier = earlier;
    this.#learnt = [...learnt];
    this.#sum = earlier.with(sumOf(this.#learnt));
    this.#pooled = this.#sum.pooled()!;
    this.#keepExemplars(learnt.map(exemplarOf));
  }

  /** A voice as `state` gave it; whom it is like is decided anew. */
  static from(state: SessionVoiceState): SessionVoice {
    const learnt = state.learnt.map(({ sum, ...turn }) => ({ ...turn, sum: VoiceSum.from(sum) }));
    const voice = new SessionVoice(state.number, [], VoiceSum.from(state.earlier));
    voice.#take(learnt);
    voice.#keepExemplars(
      state.exemplars.flatMap(({ of, embedding, samples, snrDb }) => {
        if (embedding) return [{ of: undefined, embedding: new Float32Array(embedding), samples, snrDb }];
        const turn = learnt.find(({ turnId }) => turnId === of);
        return turn ? [exemplarOf(turn)] : [];
      }),
    );
    voice.verdict = { ...NOBODY, speakerId: state.speakerId, decision: state.decision };
    voice.bound = state.bound;
    for (const speakerId of state.excluded) voice.excluded.add(speakerId);
    for (const [turnId, label] of state.reported) voice.#reported.set(turnId, label);
    return voice;
  }

  get state(): SessionVoiceState {
    const { speakerId, decision } = this.verdict;
    return {
      ...{ number: this.number, speakerId, decision, bound: this.bound, excluded: [...this.excluded] },
      earlier: this.#earlier.state,
      learnt: this.#learnt.map(({ sum, ...turn }) => ({ ...turn, sum: sum.state })),
      exemplars: this.#exemplars.map(({ of, embedding, samples, snrDb }) =>
        of ? { of: of.turnId, embedding: undefined, samples, snrDb } : { of: undefined, embedding, samples, snrDb },
      ),
      reported: [...this.#reported],
    };
  }

  /** Unit-norm mean and seconds. */
  get pooled(): PooledVoice {
    return this.#pooled;
  }

  get snapshot(): VoiceSnapshot {
    return { voice: this.number, exemplars: this.#exemplars, samples: this.#sum.samples };
  }

  /** The latest turns it was learnt from. */
  get learnt(): readonly VoiceTurn[] {
    return this.#learnt;
  }

  /** The voice with more of it, which it does not keep. */
  pooledWith(sum: VoiceSum): PooledVoice {
    return this.#sum.with(sum).pooled()!;
  }

  learn(turn: VoiceTurn): void {
    this.#take([turn]);
    this.#keepExemplars([exemplarOf(turn)]);
  }

  /** Takes over all that was known of another voice. */
  absorb(other: SessionVoice): void {
    this.#earlier = this.#earlier.with(other.#earlier);
    this.#take(other.#learnt);
    this.#keepExemplars(other.#exemplars);
    for (const [turnId, label] of other.#reported) this.#reported.set(turnId, label);
    for (const speakerId of other.excluded) this.excluded.add(speakerId);
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
  relearn(turns: readonly VoiceTurn[]): void {
    this.#learnt = [...turns];
    this.#sum = this.#earlier.with(sumOf(this.#learnt));
    this.#pooled = this.#sum.pooled()!;
    const known = new Set(turns);
    const kept = this.#exemplars.filter(({ of }) => of === undefined || known.has(of));
    const missing = turns.filter((turn) => !kept.some(({ of }) => of === turn));
    this.#exemplars = kept;
    this.#keepExemplars(missing.map(exemplarOf));
  }

  /** Hands over what a turn was reported as; undefined where it does not follow the voice. */
  handOver(turnId: string, to: SessionVoice): void {
    const label = this.#reported.get(turnId);
    if (label === undefined) return;
    this.#reported.delete(turnId);
    to.#reported.set(turnId, label);
  }

  /** The same for all turns. */
  handOverAll(to: SessionVoice): void {
    for (const turnId of [...this.#reported.keys()]) this.handOver(turnId, to);
  }

  /** Remembers what a turn was reported as: a person's id, or undefined for this voice, unknown. */
  report(turnId: string, speakerId: string | null): void {
    this.#reported.set(turnId, this.#labelOf(speakerId));
    this.#forgetOldTurns();
  }

  /** Turns that were reported as somebody else than the voice is now; from now on they count as reported anew. */
  reportChanges(): string[] {
    const label = this.#labelOf(this.verdict.speakerId);
    const turnIds = [...this.#reported].flatMap(([turnId, reported]) => (reported === label ? [] : [turnId]));
    for (const turnId of turnIds) this.#reported.set(turnId, label);
    return turnIds;
  }

  #labelOf(speakerId: string | null): string {
    return speakerId ?? `voice ${this.number}`;
  }

  #forgetOldTurns(): void {
    for (const turnId of this.#reported.keys()) {
      if (this.#reported.size <= MOST_REPORTED) return;
      this.#reported.delete(turnId);
    }
  }

  #take(turns: readonly VoiceTurn[]): void {
    this.#learnt = [...this.#learnt, ...turns].sort((a, b) => a.order - b.order);
    this.#sum = this.#earlier.with(sumOf(this.#learnt));
    this.#pooled = this.#sum.pooled()!;
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

const exemplarOf = (turn: VoiceTurn): KeptExemplar => {
  const { sum, snrDb } = turn;
  return { of: turn, embedding: sum.pooled()!.centroid.slice(), samples: sum.samples, snrDb };
};

const sumOf = (turns: readonly VoiceTurn[]): VoiceSum => turns.reduce((all, { sum }) => all.with(sum), new VoiceSum());
