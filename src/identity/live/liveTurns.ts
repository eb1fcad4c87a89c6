import type { SampleSpan } from '../../core/audioFrame.js';
import type { Steps } from '../../core/steps.js';
import { exactSecondsOfSamples, samplesOfMs } from '../../core/time.js';
import { dot } from '../../core/vector.js';
import type { Verdict } from '../decide.js';
import type { Enrolled } from '../gallery/ranking.js';
import { changeOfVoice } from './changeOfVoice.js';
import type { LiveChange, RejectReason, VoiceSnapshot } from './liveChange.js';
import type { LiveTurnsState } from './sessionState.js';
import { SESSION_TUNING, type SessionVoicesOptions } from './sessionTuning.js';
import type { SessionVoice } from './sessionVoice.js';
import { SessionVoices } from './sessionVoices.js';
import { type LiveWindow, VoiceSum } from './voiceSum.js';

export interface LiveTurnsOptions extends SessionVoicesOptions {
  readonly newTurnId: () => string;
}

interface OpenTurn {
  readonly turnId: string;
  readonly startSample: number;
  endSample: number;
  readonly windows: LiveWindow[];
  snrDb: number | undefined;
  /** Id of the person last reported; undefined where none was. */
  reportedAs: string | undefined;
}

/** Speech as it was found, with its loudness over the noise in decibels where that is known. */
export interface SpeechSpan extends SampleSpan {
  readonly snrDb?: number | undefined;
}

/** Speech no louder than the noise beside it, or hardly, founds no voice. */
const LEAST_SNR_DB = 3;
const LEAST_TURN_SAMPLES = samplesOfMs(300);

/**
 * Turns and voices of one live stream: pure bookkeeping over windows as they come, in steps. Steps of one call are all taken before the
 * next call.
 */
export class LiveTurns {
  readonly #options: LiveTurnsOptions;
  readonly #voices: SessionVoices;
  #open: OpenTurn | undefined;
  #lastUnknown: SessionVoice | undefined;
  #turns = 0;

  constructor(options: LiveTurnsOptions) {
    this.#options = options;
    this.#voices = new SessionVoices(options);
  }

  /** Goes on with what another LiveTurns has learnt; call `setEnrolled` next. */
  restore({ turns, lastUnknown, ...voices }: LiveTurnsState): void {
    this.#turns = turns;
    this.#voices.restore(voices);
    this.#lastUnknown = lastUnknown === undefined ? undefined : this.#voiceOf(lastUnknown);
  }

  /** All that was learnt, but for the turn that is still spoken. */
  get state(): LiveTurnsState {
    return { turns: this.#turns, lastUnknown: this.#lastUnknown?.number, ...this.#voices.state };
  }

  /** Where the turn that is still spoken begins; undefined where none is. */
  get openSample(): number | undefined {
    return this.#open?.startSample;
  }

  /** True where the stream is telephone audio. */
  set isNarrowBand(isNarrowBand: boolean) {
    this.#voices.isNarrowBand = isNarrowBand;
  }

  /** Turns that are remembered one by one: a bounded number. */
  get rememberedTurns(): number {
    return this.#voices.rememberedTurns;
  }

  /** The unknown voice heard last, while it is unknown. */
  get lastUnknown(): number | undefined {
    return this.#lastUnknown?.verdict.decision === 'identified' ? undefined : this.#lastUnknown?.number;
  }

  /** What is known of a voice; undefined where there is none of that number, or none any more. */
  voice(number: number): VoiceSnapshot | undefined {
    return this.#voiceOf(number)?.snapshot;
  }

  /** Who may be named from now on; turns reported earlier are relabelled where that changes whose they are. */
  *setEnrolled(enrolled: Enrolled): Steps<LiveChange[]> {
    yield* this.#voices.setEnrolled(enrolled);
    return this.#voices.all.flatMap((voice) => this.#relabel(voice));
  }

  /** Somebody who knows says whose voice it is; undefined takes that back. */
  *bind(number: number, speakerId: string | undefined): Steps<LiveChange[]> {
    const voice = this.#voiceOf(number);
    if (!voice) return [];
    yield* this.#voices.bind(voice, speakerId);
    return this.#relabel(voice);
  }

  /** Somebody who knows says that a voice is not this person; false takes that back. */
  *exclude(number: number, speakerId: string, isExcluded: boolean): Steps<LiveChange[]> {
    const voice = this.#voiceOf(number);
    if (!voice) return [];
    yield* this.#voices.exclude(voice, speakerId, isExcluded);
    return this.#relabel(voice);
  }

  /** Speech goes on until at least `span.endSample`; `windows` are what was embedded of it since the last call. */
  *update(span: SpeechSpan, windows: readonly LiveWindow[]): Steps<LiveChange[]> {
    const changes: LiveChange[] = [];
    for (const window of windows) {
      const { windows: before } = this.#turnOf(span);
      const apart = before.findLast(({ endSample }) => endSample <= window.startSample);
      if (apart) this.#voices.compareWindows(dot(apart.embedding, window.embedding));
      before.push(window);
      changes.push(...(yield* this.#splitTurn()));
    }
    const turn = this.#turnOf(span);
    turn.endSample = span.endSample;
    turn.snrDb = span.snrDb;
    return turn.windows.length === 0 ? changes : [...changes, ...(yield* this.#tentative(turn))];
  }

  /** The segment of speech ended at `span.endSample`. */
  *end(span: SpeechSpan, windows: readonly LiveWindow[]): Steps<LiveChange[]> {
    const changes = yield* this.update(span, windows);
    const turn = this.#open!;
    this.#open = undefined;
    return [...changes, ...(yield* this.#final(turn))];
  }

  #turnOf({ startSample, endSample, snrDb }: SpeechSpan): OpenTurn {
    const turnId = () => this.#options.newTurnId();
    this.#open ??= { turnId: turnId(), startSample, endSample, windows: [], snrDb, reportedAs: undefined };
    return this.#open;
  }

  /** Ends the open turn where another voice has set in, and begins the next there. */
  *#splitTurn(): Steps<LiveChange[]> {
    const turn = this.#open!;
    const { windows } = turn;
    if (windows.length < 2) return [];
    const { voice: owner } = yield* this.#voices.judge(VoiceSum.of(windows.slice(0, -1)));
    const others = this.#voices.all.flatMap((voice) => (voice === owner ? [] : [voice.pooled]));
    const voiceBefore = (at: number) => {
      const own = VoiceSum.of(windows.slice(0, at));
      return owner ? owner.pooledWith(own) : own.pooled()!;
    };
    const at = changeOfVoice({ windows, voiceBefore, others }, this.#voices.similarity);
    if (at === undefined) return [];
    const boundary = Math.round((middleOf(windows[at - 1]!) + middleOf(windows[at]!)) / 2);
    this.#open = {
      turnId: this.#options.newTurnId(),
      startSample: boundary,
      endSample: turn.endSample,
      windows: windows.slice(at),
      snrDb: turn.snrDb,
      reportedAs: undefined,
    };
    return yield* this.#final({ ...turn, windows: windows.slice(0, at), endSample: boundary });
  }

  /** An identified person as soon as it is certain; uncertain and unknown only at the end. */
  *#tentative(turn: OpenTurn): Steps<LiveChange[]> {
    const { voice, verdict } = yield* this.#voices.judge(VoiceSum.of(turn.windows));
    if (verdict.decision !== 'identified' || verdict.speakerId === turn.reportedAs) return [];
    turn.reportedAs = verdict.speakerId!;
    return [this.#report(turn, { isFinal: false, verdict, voice: voice?.number })];
  }

  *#final(turn: OpenTurn): Steps<LiveChange[]> {
    const { turnId, startSample, endSample, windows, snrDb } = turn;
    if (windows.length === 0 || endSample - startSample < LEAST_TURN_SAMPLES) return [rejected(turn, 'too_short')];
    const own = VoiceSum.of(windows);
    const { voice: known, share, verdict } = yield* this.#voices.judge(own);
    const seconds = exactSecondsOfSamples(own.samples);
    const isShort = seconds < SESSION_TUNING.foundSeconds;
    const isNoisy = snrDb !== undefined && snrDb < LEAST_SNR_DB;
    if (!known && (isShort || isNoisy)) return this.#vagueTurn(turn, verdict, isShort ? 'too_short' : 'too_noisy');
    this.#turns += 1;
    const voiceTurn = { turnId, order: this.#turns, sum: own, snrDb };
    const isLearnt = !isNoisy && share >= SESSION_TUNING.learn && seconds >= SESSION_TUNING.learnSeconds;
    if (!known) yield* this.#voices.found(voiceTurn);
    else if (isLearnt) yield* this.#voices.learn(known, voiceTurn);
    const relinked = known && !isLearnt ? [] : yield* this.#relink();
    const voice = this.#voices.all.find(({ learnt }) => learnt.includes(voiceTurn)) ?? known!;
    this.#voices.touch(voice);
    const follows = isLearnt || !known || share >= SESSION_TUNING.follow;
    const changes = [...relinked, ...this.#relabel(voice)];
    if (follows) voice.report(turnId, verdict.speakerId);
    const isUnknown = verdict.decision !== 'identified';
    const isOfUnknown = isUnknown && voice.verdict.decision !== 'identified';
    if (isOfUnknown) this.#lastUnknown = voice;
    const number = isUnknown && !isOfUnknown ? undefined : voice.number;
    const reported = this.#report(turn, { isFinal: true, verdict, voice: number });
    return [reported, ...changes, ...this.#relabel(voice), ...(yield* this.#mergeInto(voice))];
  }

  /** Too little to found a voice on, and like none: reported only where it is clearly somebody enrolled. */
  #vagueTurn(turn: OpenTurn, verdict: Verdict, reason: RejectReason): LiveChange[] {
    if (verdict.decision !== 'identified') return [rejected(turn, reason)];
    return [this.#report(turn, { isFinal: true, verdict, voice: undefined })];
  }

  /** Clusters the voices anew, now that there is more of them. */
  *#relink(): Steps<LiveChange[]> {
    const { changed, gone } = yield* this.#voices.relink();
    const merged = [...gone].map(
      ([voice, kept]) => ({ type: 'merged', voice: kept.number, gone: voice.number }) as const,
    );
    return [...merged, ...changed.flatMap((voice) => this.#relabel(voice))];
  }

  /** Voices that have come to sound like this one are this one, unless they have another name. */
  *#mergeInto(kept: SessionVoice): Steps<LiveChange[]> {
    const same = this.#voices.all.filter(
      (voice) =>
        voice !== kept &&
        voice.bound === undefined &&
        (voice.verdict.speakerId === null || voice.verdict.speakerId === kept.verdict.speakerId) &&
        this.#voices.nearness(kept.pooled, voice) >= SESSION_TUNING.merge,
    );
    for (const gone of same) yield* this.#voices.merge(kept, gone);
    if (same.length === 0) return [];
    const merged = same.map((gone) => ({ type: 'merged', voice: kept.number, gone: gone.number }) as const);
    return [...merged, ...this.#relabel(kept)];
  }

  #relabel(voice: SessionVoice): LiveChange[] {
    const turnIds = voice.reportChanges();
    return turnIds.length > 0 ? [{ type: 'relabel', turnIds, voice: voice.number, verdict: voice.verdict }] : [];
  }

  #report(
    { turnId, startSample, endSample, windows, snrDb }: OpenTurn,
    { isFinal, verdict, voice }: { isFinal: boolean; verdict: Verdict; voice: number | undefined },
  ): LiveChange {
    const speechSamples = windows.reduce((sum, { samples }) => sum + samples, 0);
    const turn = { turnId, startSample, endSample, isFinal, speechSamples, verdict, voice };
    if (!isFinal) return { type: 'turn', turn };
    return { type: 'turn', turn: { ...turn, embedding: VoiceSum.of(windows).pooled()?.centroid, snrDb } };
  }

  #voiceOf(number: number): SessionVoice | undefined {
    return this.#voices.all.find((voice) => voice.number === number);
  }
}

const middleOf = ({ startSample, endSample }: SampleSpan) => (startSample + endSample) / 2;

const rejected = ({ turnId, startSample, endSample }: OpenTurn, reason: RejectReason): LiveChange => ({
  ...{ type: 'rejected', turnId, startSample, endSample, reason },
});
