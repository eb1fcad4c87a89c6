import type { Steps } from '../../core/steps.js';
import type { WindowSimilarity } from '../clusterWindows.js';
import { posteriorsOf } from '../decide.js';
import type { Enrolled } from '../gallery/ranking.js';
import type { PooledVoice } from '../matchVoices.js';
import { clusterTurns, type LinkedTurn } from './clusterTurns.js';
import { decideVoice } from './decideVoice.js';
import { groupOwners } from './groupOwners.js';
import { judgeTurn, type TurnJudgement } from './judgeTurn.js';
import { compareEach, type SessionPeople } from './sessionPeople.js';
import type { SessionVoicesState } from './sessionState.js';
import { SESSION_TUNING, type SessionVoicesOptions, usualSimilarity } from './sessionTuning.js';
import { SessionVoice, type VoiceTurn } from './sessionVoice.js';
import { relativeSimilarity, StreamSimilarity } from './voiceSimilarity.js';
import type { VoiceSum } from './voiceSum.js';

/** What clustering anew has changed. */
export interface Relinked {
  /** Voices that have other turns than before. */
  readonly changed: readonly SessionVoice[];
  /** Voices that have none any more, with the one that theirs are now. */
  readonly gone: ReadonlyMap<SessionVoice, SessionVoice>;
}

/**
 * The voices of one session and who they are. Enrolled voiceprints are looked at and never moved. Whatever compares voices with
 * everybody enrolled does so in steps; nothing else may be asked of the session between them.
 */
export class SessionVoices {
  readonly #options: SessionVoicesOptions;
  readonly #similarity: StreamSimilarity;
  /** The one heard longest ago first. */
  #voices: SessionVoice[] = [];
  #enrolled: Enrolled = [];
  #count = 0;
  /** Of the latest turns, for linking. */
  #linkedSums = new WeakMap<VoiceSum, LinkedTurn>();
  /** The latest, as long as the voices stay as they are: the same audio is often judged again, as when a turn ends. */
  #judged: { readonly own: VoiceSum; readonly isNarrowBand: boolean; readonly judgement: TurnJudgement } | undefined;
  isNarrowBand = false;

  constructor(options: SessionVoicesOptions) {
    this.#options = options;
    this.#similarity = new StreamSimilarity(this.#usual);
  }

  /** The voices as `state` gave them; they are decided with the next `setEnrolled`. */
  restore({ count, cosines, voices }: SessionVoicesState): void {
    this.#judged = undefined;
    this.#count = count;
    for (const cosine of cosines) this.#similarity.add(cosine);
    this.#voices = voices.map((voice) => SessionVoice.from(voice));
  }

  get state(): SessionVoicesState {
    return { count: this.#count, cosines: this.#similarity.cosines, voices: this.#voices.map(({ state }) => state) };
  }

  get all(): readonly SessionVoice[] {
    return this.#voices;
  }

  /** Turns that are remembered one by one. */
  get rememberedTurns(): number {
    return this.#voices.reduce((sum, { learnt }) => sum + learnt.length, 0);
  }

  get #usual(): WindowSimilarity {
    return usualSimilarity(this.#options.calibration);
  }

  get similarity(): WindowSimilarity {
    return this.#similarity.current;
  }

  /** @param cosine of two windows that do not overlap, in one segment of speech */
  compareWindows(cosine: number): void {
    this.#similarity.add(cosine);
  }

  /** Who may be named from now on; every voice is decided anew. */
  *setEnrolled(enrolled: Enrolled): Steps<void> {
    this.#judged = undefined;
    this.#enrolled = enrolled;
    this.#linkedSums = new WeakMap();
    for (const voice of this.#voices) yield* decideVoice(voice, this.#session);
  }

  nearness(pooled: PooledVoice, voice: SessionVoice): number {
    return relativeSimilarity(pooled, voice.pooled, this.similarity);
  }

  /** See judgeTurn. */
  *judge(own: VoiceSum): Steps<TurnJudgement> {
    const { isNarrowBand } = this;
    const known = this.#judged;
    if (known?.isNarrowBand === isNarrowBand && known.own.equals(own)) return known.judgement;
    const judgement = yield* judgeTurn(own, this.#session);
    this.#judged = { own, isNarrowBand, judgement };
    return judgement;
  }

  /** Adds a voice that is new to the session. */
  *found(turn: VoiceTurn): Steps<SessionVoice> {
    const voice = yield* this.#add([turn]);
    this.#settleOldest();
    return voice;
  }

  /**
   * Clusters the latest turns of all voices anew, as what was heard since may tell people apart, or show that two voices
   * are one. Returns the voices that have other turns now, and those that have none any more with whom theirs went to.
   */
  *relink(): Steps<Relinked> {
    this.#judged = undefined;
    const nodes = this.#voices.flatMap((voice) => [
      ...voice.learnt.map((turn) => ({ voice, turn, sum: turn.sum })),
      ...(voice.earlier ? [{ voice, turn: undefined, sum: voice.earlier }] : []),
    ]);
    const linked = yield* this.#linked(nodes.map(({ sum }) => sum));
    const groups = yield* clusterTurns(linked, { similarity: this.similarity, usual: this.#usual });
    const owners = groupOwners(nodes, groups);
    const owned = new Map<SessionVoice | number, VoiceTurn[]>();
    nodes.forEach(({ voice, turn }, i) => {
      if (!turn) return;
      const owner = voice.bound === undefined ? (owners.get(groups[i]!) ?? groups[i]!) : voice;
      owned.set(owner, [...(owned.get(owner) ?? []), turn]);
    });
    const before = new Map(nodes.map(({ voice, turn }) => [turn, voice]));
    const changed: SessionVoice[] = [];
    const gone = new Map<SessionVoice, SessionVoice>();
    for (const [owner, turns] of owned) {
      const isSame =
        typeof owner !== 'number' &&
        turns.length === owner.learnt.length &&
        turns.every((turn) => before.get(turn) === owner);
      if (isSame) continue;
      const voice = typeof owner === 'number' ? yield* this.#add(turns) : owner;
      changed.push(voice);
      for (const turn of turns) if (before.get(turn) !== voice) before.get(turn)!.handOver(turn.turnId, voice);
      if (typeof owner !== 'number') owner.relearn(turns);
    }
    const left = changed.filter((voice) => !owned.has(voice));
    for (const voice of this.#voices.filter((one) => !owned.has(one) && !left.includes(one))) {
      if (voice.earlier) {
        if (voice.learnt.length > 0) changed.push(voice);
        voice.relearn([]);
        continue;
      }
      const [turn] = voice.learnt;
      const [to] = [...owned].find(([, turns]) => turns.includes(turn!)) ?? [];
      const kept = typeof to === 'number' ? left[0] : to;
      if (kept) {
        gone.set(voice, kept);
        voice.handOverAll(kept);
      }
      this.#voices = this.#voices.filter((one) => one !== voice);
    }
    for (const voice of changed) yield* decideVoice(voice, this.#session);
    return { changed, gone };
  }

  /** Those that are new, or all of them after somebody was enrolled, are compared together. */
  *#linked(sums: readonly VoiceSum[]): Steps<LinkedTurn[]> {
    const fresh = [...new Set(sums.filter((sum) => !this.#linkedSums.has(sum)))];
    const probes = fresh.map((sum) => sum.pooled()!);
    const rankings = yield* compareEach(probes, this.#session);
    fresh.forEach((sum, i) => {
      const ranking = rankings[i]!;
      const { scores, stranger } = posteriorsOf(ranking.near, this.#options.calibration, ranking);
      const people = new Map(ranking.near.map(({ voice: { id } }, k) => [id, scores[k]!]));
      this.#linkedSums.set(sum, { pooled: probes[i]!, people, stranger });
    });
    return sums.map((sum) => this.#linkedSums.get(sum)!);
  }

  *#add(turns: readonly VoiceTurn[]): Steps<SessionVoice> {
    this.#judged = undefined;
    this.#count += 1;
    const voice = new SessionVoice(this.#count, turns);
    yield* decideVoice(voice, this.#session);
    this.#voices.push(voice);
    if (this.#voices.length > SESSION_TUNING.mostVoices) this.#voices.shift();
    return voice;
  }

  /** Moves a voice to the end of those that may give way. */
  touch(voice: SessionVoice): void {
    this.#judged = undefined;
    this.#voices = [...this.#voices.filter((other) => other !== voice), voice];
  }

  *learn(voice: SessionVoice, turn: VoiceTurn): Steps<void> {
    this.#judged = undefined;
    voice.learn(turn);
    this.#settleOldest();
    yield* decideVoice(voice, this.#session);
  }

  /** Keeps the number of turns bounded that are remembered one by one. */
  #settleOldest(): void {
    this.#judged = undefined;
    while (this.rememberedTurns > SESSION_TUNING.mostTurns) {
      const order = (voice: SessionVoice) => voice.learnt[0]?.order ?? Number.POSITIVE_INFINITY;
      this.#voices.reduce((oldest, voice) => (order(voice) < order(oldest) ? voice : oldest)).settleOldest();
    }
  }

  /** Somebody who knows says whose voice this is. */
  *bind(voice: SessionVoice, speakerId: string | undefined): Steps<void> {
    this.#judged = undefined;
    voice.bound = speakerId;
    yield* decideVoice(voice, this.#session);
  }

  /** Somebody who knows says whose voice this is not. */
  *exclude(voice: SessionVoice, speakerId: string, isExcluded: boolean): Steps<void> {
    this.#judged = undefined;
    if (isExcluded) voice.excluded.add(speakerId);
    else voice.excluded.delete(speakerId);
    yield* decideVoice(voice, this.#session);
  }

  /** Takes two voices for one; `gone` is forgotten. */
  *merge(kept: SessionVoice, gone: SessionVoice): Steps<void> {
    this.#judged = undefined;
    this.#voices = this.#voices.filter((voice) => voice !== gone);
    kept.absorb(gone);
    yield* decideVoice(kept, this.#session);
  }

  get #session(): SessionPeople {
    return { ...this.#options, voices: this.#voices, enrolled: this.#enrolled, isNarrowBand: this.isNarrowBand };
  }
}
