import type { CalibrationParameters } from '../../core/calibration.js';
import type { FalseAcceptPercent } from '../../core/identification.js';
import type { Steps } from '../../core/steps.js';
import type { WindowSimilarity } from '../clusterWindows.js';
import { decide, posteriors, posteriorsOf, UNCERTAIN_LLR, uncertainScore, type Verdict, verdictOf } from '../decide.js';
import { type Enrolled, type Ranking, rankInSteps, without, withPeople } from '../gallery/ranking.js';
import { MATCH_TUNING, type PooledVoice, type VoiceComparison } from '../matchVoices.js';
import { clusterTurns, type LinkedTurn } from './clusterTurns.js';
import type { SessionVoicesState } from './sessionState.js';
import { SessionVoice, type VoiceTurn } from './sessionVoice.js';
import { turnOwners } from './turnOwners.js';
import { relativeSimilarity, StreamSimilarity } from './voiceSimilarity.js';
import type { VoiceSum } from './voiceSum.js';

/** Similarity is as relativeSimilarity gives it. Found on conversations of other seeds than those that are reported. */
export const SESSION_TUNING = {
  /** A turn that is so surely a voice's, and at least this long, is learnt from; clustering anew gives it to another where that fits better. */
  learn: 0.3,
  learnSeconds: 1,
  /** A turn that is so surely a voice's is renamed with it. */
  follow: 0.9,
  /** Speech from which a turn like no voice is a new one. */
  foundSeconds: 1,
  /** Two voices more alike than this are one, unless they have different names. */
  merge: 0.85,
  /** Evidence, as llr, that it takes to give a voice another name than it has. */
  stickyLlr: 4,
  /** Voices kept; the one heard longest ago gives way. */
  mostVoices: 40,
  /** Turns that are remembered one by one, so that they can turn out to be somebody else's. */
  mostTurns: 100,
  /** Voices less likely a turn's than this say nothing of its name. */
  leastShare: 0.01,
  /** So many of the likeliest people of each voice are looked at for all of them. */
  likeliest: 8,
};

/** Defaults of a calibration: as measured with the built-in model. */
const WINDOW_COSINE: WindowSimilarity = { same: 0.6, different: 0.2 };

export interface SessionVoicesOptions {
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
}

/** What is known of a turn: by its own sound, and by what is sure of the voice it is likely of. */
export interface TurnJudgement {
  /** The likeliest voice of the session; undefined where somebody not heard before is likelier. */
  readonly voice: SessionVoice | undefined;
  /** How sure it is that the turn is that voice's, 0..1. */
  readonly share: number;
  readonly verdict: Verdict;
}

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
    return this.#options.calibration.windowCosine ?? WINDOW_COSINE;
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
    for (const voice of this.#voices) yield* this.#decide(voice);
  }

  nearness(pooled: PooledVoice, voice: SessionVoice): number {
    return relativeSimilarity(pooled, voice.pooled, this.similarity);
  }

  /**
   * Who speaks in a turn. The score of a person is a sum over the voices of the session, each weighted by the probability that
   * the turn is of that voice, plus the comparison of the turn itself, weighted by the probability that its voice is new: a
   * score never exceeds the probability that the turn belongs to the voice it is taken from.
   */
  *judge(own: VoiceSum): Steps<TurnJudgement> {
    const { isNarrowBand } = this;
    const known = this.#judged;
    if (known?.isNarrowBand === isNarrowBand && known.own.equals(own)) return known.judgement;
    const judgement = yield* this.#newJudgement(own);
    this.#judged = { own, isNarrowBand, judgement };
    return judgement;
  }

  *#newJudgement(own: VoiceSum): Steps<TurnJudgement> {
    const pooled = own.pooled()!;
    const ranked = yield* this.#compare(pooled);
    const owners = {
      pooled,
      ranked: ranked.near,
      voices: this.#voices,
      usual: this.#usual,
      isNarrowBand: this.isNarrowBand,
    };
    const { shares, newcomer } = turnOwners(owners);
    const scores = new Map<string, number>();
    const add = (weight: number, ranking: Ranking, voice?: SessionVoice) => {
      const held = this.#heldBesides(voice);
      const likely = ranking.near.map((one) => ({
        llr: one.llr + (held.has(one.voice.id) ? MATCH_TUNING.mostSupport : 0),
      }));
      posteriors(likely, this.#options.calibration, ranking).forEach((score, i) => {
        const { id } = ranking.near[i]!.voice;
        scores.set(id, (scores.get(id) ?? 0) + weight * score);
      });
    };
    let best: { readonly voice: SessionVoice; readonly share: number } | undefined;
    const asked: { readonly voice: SessionVoice | undefined; readonly share: number; readonly probe: PooledVoice }[] =
      [];
    this.#voices.forEach((voice, i) => {
      const share = shares[i]!;
      if (share > Math.max(newcomer, best?.share ?? 0)) best = { voice, share };
      if (share < SESSION_TUNING.leastShare) return;
      if (voice.bound === undefined) asked.push({ voice, share, probe: voice.pooledWith(own) });
      else scores.set(voice.bound, (scores.get(voice.bound) ?? 0) + share);
    });
    const probes = asked.map(({ probe }) => probe);
    const rankings = [...(yield* this.#compareEach(probes)), ranked];
    // Whoever may be named by one of them is looked at in all.
    const likely = rankings.flatMap(({ near }) =>
      near.slice(0, SESSION_TUNING.likeliest).map(({ voice: { id } }) => id),
    );
    const completed = [...asked, { voice: undefined, share: newcomer, probe: pooled }].map(
      ({ voice, share, probe }, i) => {
        const ranking = withPeople(rankings[i]!, likely, probe, this.#comparing);
        add(share, without(ranking, voice?.excluded ?? NOBODY_EXCLUDED), voice);
        return ranking;
      },
    );
    const verdict = this.#verdictOfScores(completed.at(-1)!, scores);
    return { voice: best?.voice, share: best?.share ?? newcomer, verdict };
  }

  #verdictOfScores({ near, people }: Ranking, scores: ReadonlyMap<string, number>): Verdict {
    const cosines = new Map(near.map(({ voice, cosine }) => [voice.id, cosine]));
    const candidates = [...scores]
      .map(([speakerId, score]) => ({ speakerId, score: Math.min(1, score), cosine: cosines.get(speakerId) ?? 0 }))
      .sort((a, b) => b.score - a.score);
    const [first] = candidates;
    const isLikely = first && first.score >= uncertainScore(people, this.#options.calibration);
    return verdictOf(candidates, isLikely ? first.speakerId : undefined, this.#options);
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
    for (const voice of changed) yield* this.#decide(voice);
    return { changed, gone };
  }

  /** Those that are new, or all of them after somebody was enrolled, are compared together. */
  *#linked(sums: readonly VoiceSum[]): Steps<LinkedTurn[]> {
    const fresh = [...new Set(sums.filter((sum) => !this.#linkedSums.has(sum)))];
    const probes = fresh.map((sum) => sum.pooled()!);
    const rankings = yield* this.#compareEach(probes);
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
    yield* this.#decide(voice);
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
    yield* this.#decide(voice);
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
    yield* this.#decide(voice);
  }

  /** Somebody who knows says whose voice this is not. */
  *exclude(voice: SessionVoice, speakerId: string, isExcluded: boolean): Steps<void> {
    this.#judged = undefined;
    if (isExcluded) voice.excluded.add(speakerId);
    else voice.excluded.delete(speakerId);
    yield* this.#decide(voice);
  }

  /** Takes two voices for one; `gone` is forgotten. */
  *merge(kept: SessionVoice, gone: SessionVoice): Steps<void> {
    this.#judged = undefined;
    this.#voices = this.#voices.filter((voice) => voice !== gone);
    kept.absorb(gone);
    yield* this.#decide(kept);
  }

  /**
   * Who a voice is. Somebody whom another voice of the session was taken for is less likely this one too: what sounded
   * like two people mostly is (see MATCH_TUNING). Whom this voice alone was taken for before stays likelier.
   */
  *#decide(voice: SessionVoice): Steps<void> {
    const comparisons = without(yield* this.#compare(voice.pooled), voice.excluded);
    voice.llrs = new Map(comparisons.near.map((one) => [one.voice.id, one.llr]));
    if (voice.bound !== undefined) {
      voice.verdict = boundVerdict(voice.bound, decide(comparisons, undefined, this.#options));
      return;
    }
    const held = this.#heldBesides(voice);
    const before = voice.verdict.speakerId;
    let taken: VoiceComparison | undefined;
    let highest = UNCERTAIN_LLR;
    for (const comparison of comparisons.near) {
      const { id } = comparison.voice;
      const sticky = id === before ? SESSION_TUNING.stickyLlr : 0;
      const llr = comparison.llr + (held.has(id) ? MATCH_TUNING.mostSupport : sticky);
      if (llr >= highest) [taken, highest] = [comparison, llr];
    }
    voice.verdict = decide(comparisons, taken, this.#options);
  }

  /** People whom other voices of the session were taken for. */
  #heldBesides(own: SessionVoice | undefined): Set<string | null> {
    return new Set(
      this.#voices.flatMap((voice) =>
        voice !== own && voice.verdict.decision === 'identified' ? [voice.verdict.speakerId] : [],
      ),
    );
  }

  *#compare(pooled: PooledVoice): Steps<Ranking> {
    return (yield* this.#compareEach([pooled]))[0]!;
  }

  /** People whom voices of the session were taken for, or are not, are looked at in any case. */
  #compareEach(probes: readonly PooledVoice[]): Steps<Ranking[]> {
    const always = this.#voices.flatMap(({ verdict: { speakerId }, excluded }) => [
      ...(speakerId ? [speakerId] : []),
      ...excluded,
    ]);
    const { enrolled, ...options } = this.#comparing;
    return rankInSteps(probes, enrolled, options, always);
  }

  get #comparing() {
    const { calibration } = this.#options;
    return { calibration, isNarrowBand: this.isNarrowBand, enrolled: this.#enrolled };
  }
}

const NOBODY_EXCLUDED: ReadonlySet<string> = new Set();

/** What a person said of a voice: as sure as it gets. */
const boundVerdict = (speakerId: string, { candidates }: Verdict): Verdict => ({
  speakerId,
  decision: 'identified',
  score: 1,
  margin: 1,
  cosine: candidates.find((one) => one.speakerId === speakerId)?.cosine ?? null,
  candidates,
});

interface VoiceNode {
  readonly voice: SessionVoice;
  readonly sum: VoiceSum;
}

/** The voice that each group is: of those with most of their speech in it, the one first heard. */
function groupOwners(nodes: readonly VoiceNode[], groups: Int32Array): Map<number, SessionVoice> {
  const speech = new Map<SessionVoice, Map<number, number>>();
  nodes.forEach(({ voice, sum }, i) => {
    const own = speech.get(voice) ?? new Map<number, number>();
    speech.set(voice, own.set(groups[i]!, (own.get(groups[i]!) ?? 0) + sum.samples));
  });
  const owners = new Map<number, SessionVoice>();
  for (const [voice, own] of [...speech].sort(([a], [b]) => a.number - b.number)) {
    const [[main]] = [...own].sort(([, a], [, b]) => b - a) as [[number, number]];
    if (!owners.has(main)) owners.set(main, voice);
  }
  return owners;
}
