import type { CalibrationParameters } from '../../core/calibration.js';
import type { FalseAcceptPercent } from '../../core/identification.js';
import type { WindowLikeness } from '../clusterWindows.js';
import { decide, UNCERTAIN_LLR, type Verdict } from '../decide.js';
import { compare, type HeardVoice, MATCH_TUNING, type VoiceComparison } from '../matchVoices.js';
import type { EnrolledVoice } from '../voices.js';
import { type HeardSum, SessionVoice } from './sessionVoice.js';
import { LikenessHere, positionOf } from './voiceLikeness.js';

/** Likeness is as positionOf gives it. Found on conversations of other seeds than those that are reported. */
export const SESSION_TUNING = {
  /** A turn more alike to a voice than this is taken for it. */
  join: 0.35,
  /** More alike than this, and at least this long, it changes what is known of the voice. */
  learn: 0.55,
  learnSeconds: 2,
  /** Speech from which a turn like no voice is a new one. */
  foundSeconds: 1,
  /** Two voices more alike than this are one, unless they have different names. */
  merge: 0.85,
  /** Evidence, as llr, that it takes to give a voice another name than it has. */
  stickyLlr: 4,
  /** How much voiceprints say of which voice a turn is: likeness for each unit of llr, and the most llr that counts. */
  support: 0.06,
  narrowBandSupport: 0.03,
  mostSupport: 4,
  /** Voices kept; the one heard longest ago gives way. */
  mostVoices: 40,
};

/** Defaults of a calibration: as measured with the built-in model. */
const WINDOW_COSINE: WindowLikeness = { same: 0.6, different: 0.2 };

export interface SessionVoicesOptions {
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
}

/** The voice that a turn was taken for, and how alike they are. */
export interface NearestVoice {
  readonly voice: SessionVoice;
  readonly position: number;
}

/** The voices of one session and who they are. Enrolled voiceprints are looked at and never moved. */
export class SessionVoices {
  readonly #options: SessionVoicesOptions;
  readonly #likeness: LikenessHere;
  /** The one heard longest ago first. */
  #voices: SessionVoice[] = [];
  #enrolled: readonly EnrolledVoice[] = [];
  #count = 0;
  isNarrowBand = false;

  constructor(options: SessionVoicesOptions) {
    this.#options = options;
    this.#likeness = new LikenessHere(options.calibration.windowCosine ?? WINDOW_COSINE);
  }

  get all(): readonly SessionVoice[] {
    return this.#voices;
  }

  get likeness(): WindowLikeness {
    return this.#likeness.here;
  }

  /** @param cosine of two windows that do not overlap, in one stretch of speech */
  compareWindows(cosine: number): void {
    this.#likeness.add(cosine);
  }

  /** Who may be named from now on; every voice is decided anew. */
  setEnrolled(enrolled: readonly EnrolledVoice[]): void {
    this.#enrolled = enrolled;
    for (const voice of this.#voices) this.#decide(voice);
  }

  /**
   * The voice that what was heard most likely is; undefined where there is none. Likeness within the stream tells most;
   * voiceprints tell a little of whose voice it is not.
   */
  nearest(heard: HeardVoice): NearestVoice | undefined {
    if (this.#voices.length === 0) return undefined;
    const ranked = this.#compare(heard);
    const weight = this.isNarrowBand ? SESSION_TUNING.narrowBandSupport : SESSION_TUNING.support;
    let best: NearestVoice | undefined;
    for (const voice of this.#voices) {
      const { voiceId } = voice.verdict;
      const own = ranked.find((one) => one.voice.id === voiceId)?.llr ?? 0;
      const other = ranked.find((one) => one.voice.id !== voiceId)?.llr ?? 0;
      const support = clip(own - Math.max(0, other), SESSION_TUNING.mostSupport);
      const position = this.nearness(heard, voice) + weight * support;
      if (position > (best?.position ?? Number.NEGATIVE_INFINITY)) best = { voice, position };
    }
    return best;
  }

  nearness(heard: HeardVoice, voice: SessionVoice): number {
    return positionOf(heard, voice.heard, this.likeness);
  }

  /** A voice nobody of this session had. */
  found(heard: HeardSum): SessionVoice {
    this.#count += 1;
    const voice = new SessionVoice(this.#count, heard, this.verdictOf(heard.sum.heard()!));
    this.#voices.push(voice);
    if (this.#voices.length > SESSION_TUNING.mostVoices) this.#voices.shift();
    return voice;
  }

  /** Moves a voice to the end of those that may give way. */
  touch(voice: SessionVoice): void {
    this.#voices = [...this.#voices.filter((other) => other !== voice), voice];
  }

  learn(voice: SessionVoice, heard: HeardSum): void {
    voice.learn(heard);
    this.#decide(voice);
  }

  /** Somebody who knows says whose voice this is. */
  bind(voice: SessionVoice, voiceId: string | undefined): void {
    voice.bound = voiceId;
    this.#decide(voice);
  }

  /** Takes two voices for one; `gone` is forgotten. */
  merge(kept: SessionVoice, gone: SessionVoice): void {
    this.#voices = this.#voices.filter((voice) => voice !== gone);
    kept.absorb(gone);
    this.#decide(kept);
  }

  #decide(voice: SessionVoice): void {
    voice.verdict = this.verdictOf(voice.heard, voice);
  }

  /**
   * Who a heard voice is. Somebody whom another voice of the session was taken for is less likely this one too: what
   * sounded like two people mostly is (see MATCH_TUNING). Whom the voice was taken for before stays likelier.
   */
  verdictOf(heard: HeardVoice, own?: SessionVoice): Verdict {
    const comparisons = this.#compare(heard);
    if (own?.bound !== undefined) return boundVerdict(own.bound, decide(comparisons, undefined, this.#options));
    const held = new Set(
      this.#voices.flatMap((voice) =>
        voice !== own && voice.verdict.decision === 'identified' ? [voice.verdict.voiceId] : [],
      ),
    );
    const before = own?.verdict.voiceId;
    let taken: VoiceComparison | undefined;
    let highest = UNCERTAIN_LLR;
    for (const comparison of comparisons) {
      const { id } = comparison.voice;
      const llr =
        comparison.llr + (held.has(id) ? MATCH_TUNING.mostSupport : 0) + (id === before ? SESSION_TUNING.stickyLlr : 0);
      if (llr >= highest) [taken, highest] = [comparison, llr];
    }
    return decide(comparisons, taken, this.#options);
  }

  #compare(heard: HeardVoice): VoiceComparison[] {
    const { calibration } = this.#options;
    return compare(heard, this.#enrolled, { calibration, isNarrowBand: this.isNarrowBand });
  }
}

const clip = (value: number, most: number) => Math.max(-most, Math.min(most, value));

/** What a person said of a voice: as sure as it gets. */
const boundVerdict = (voiceId: string, { candidates }: Verdict): Verdict => ({
  voiceId,
  decision: 'identified',
  score: 1,
  margin: 1,
  cosine: candidates.find((one) => one.voiceId === voiceId)?.cosine ?? null,
  candidates,
});
