import type { SampleSpan } from '../../core/audioFrame.js';
import type { CalibrationParameters } from '../../core/calibration.js';
import type { FalseAcceptPercent } from '../../core/identification.js';
import { samplesOfMs } from '../../core/time.js';
import { dot } from '../../core/vector.js';
import { decide, UNCERTAIN_LLR, type Verdict } from '../decide.js';
import { compare, type HeardVoice } from '../matchVoices.js';
import type { EnrolledVoice } from '../resolveVoices.js';
import type { LiveChange } from './liveChange.js';
import { type LiveWindow, VoiceSum } from './liveVoice.js';

export interface LiveTurnsOptions {
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
  readonly newTurnId: () => string;
  /** Name of the next unknown voice. */
  readonly newCluster: () => string;
}

/** One voice of the session. */
interface SessionVoice {
  sum: VoiceSum;
  cluster: string | undefined;
  verdict: Verdict;
  /** Turns told, with the person each was told as. */
  readonly told: Map<string, string | null>;
}

interface OpenTurn {
  readonly turnId: string;
  readonly startSample: number;
  endSample: number;
  windows: LiveWindow[];
  lastTold: string | null | undefined;
}

/** For a calibration that does not say. */
const RECORDING_COSINE = { offset: -10, cosine: 16 };
const LEAST_TURN_SAMPLES = samplesOfMs(300);

/** Turns and voices of one live stream: pure bookkeeping over windows as they come. */
export class LiveTurns {
  readonly #options: LiveTurnsOptions;
  #enrolled: readonly EnrolledVoice[] = [];
  #voices: SessionVoice[] = [];
  #open: OpenTurn | undefined;
  #lastUnknown: SessionVoice | undefined;
  isNarrowBand = false;

  constructor(options: LiveTurnsOptions) {
    this.#options = options;
  }

  /** The unknown voice heard last. */
  get lastUnknown(): string | undefined {
    return this.#lastUnknown?.cluster;
  }

  /** Who may be named from now on; turns told before are told anew where that changes whose they are. */
  setEnrolled(enrolled: readonly EnrolledVoice[]): LiveChange[] {
    this.#enrolled = enrolled;
    return this.#voices.flatMap((voice) => {
      voice.verdict = this.#verdictOf(voice.sum.heard()!);
      return this.#relabel(voice);
    });
  }

  /** Speech goes on until at least `span.endSample`; `windows` are what was embedded of it since the last call. */
  hear(span: SampleSpan, windows: readonly LiveWindow[]): LiveChange[] {
    const turn = this.#openTurn(span);
    turn.endSample = span.endSample;
    turn.windows.push(...windows);
    if (turn.windows.length === 0) return [];
    const { voice, sum } = this.#whose(turn);
    const verdict = this.#verdictOf(sum.heard()!);
    const said = verdict.decision === 'identified' ? verdict.voiceId : null;
    if (said === null || said === turn.lastTold) return [];
    turn.lastTold = said;
    return [this.#told(turn, { isFinal: false, verdict, voice })];
  }

  /** The stretch of speech ended at `span.endSample`. */
  end(span: SampleSpan, windows: readonly LiveWindow[]): LiveChange[] {
    const changes = this.hear(span, windows);
    const turn = this.#open!;
    this.#open = undefined;
    if (turn.windows.length === 0 || span.endSample - span.startSample < LEAST_TURN_SAMPLES) {
      const { turnId, startSample, endSample } = turn;
      return [...changes, { type: 'rejected', turnId, startSample, endSample, reason: 'too_short' }];
    }
    const { voice: known, sum } = this.#whose(turn);
    const voice = known ?? this.#newVoice(sum);
    voice.sum = sum;
    voice.verdict = this.#verdictOf(sum.heard()!);
    const relabels = this.#relabel(voice);
    voice.told.set(turn.turnId, voice.verdict.voiceId);
    const final = this.#told(turn, { isFinal: true, verdict: voice.verdict, voice });
    if (voice.verdict.decision !== 'identified') this.#lastUnknown = voice;
    return [...changes, final, ...relabels];
  }

  #openTurn({ startSample, endSample }: SampleSpan): OpenTurn {
    this.#open ??= { turnId: this.#options.newTurnId(), startSample, endSample, windows: [], lastTold: undefined };
    return this.#open;
  }

  /** The session's voice most like the turn, or none where it is like none; and the sum with the turn in it. */
  #whose({ windows }: OpenTurn): { voice: SessionVoice | undefined; sum: VoiceSum } {
    const own = new VoiceSum();
    for (const { embedding, samples } of windows) own.add(embedding, samples);
    const { centroid } = own.heard()!;
    const { offset, cosine } = this.#options.calibration.recordingCosine ?? RECORDING_COSINE;
    let best: SessionVoice | undefined;
    let highest = 0;
    for (const voice of this.#voices) {
      const llr = offset + cosine * dot(centroid, voice.sum.heard()!.centroid);
      if (llr > highest) [best, highest] = [voice, llr];
    }
    return { voice: best, sum: best ? best.sum.with(own) : own };
  }

  #newVoice(sum: VoiceSum): SessionVoice {
    const voice: SessionVoice = {
      sum,
      cluster: undefined,
      verdict: this.#verdictOf(sum.heard()!),
      told: new Map(),
    };
    this.#voices.push(voice);
    return voice;
  }

  #verdictOf(heard: HeardVoice): Verdict {
    const { calibration } = this.#options;
    const comparisons = compare(heard, this.#enrolled, { calibration, isNarrowBand: this.isNarrowBand });
    const [best] = comparisons;
    return decide(comparisons, best && best.llr >= UNCERTAIN_LLR ? best : undefined, this.#options);
  }

  #relabel(voice: SessionVoice): LiveChange[] {
    const { voiceId } = voice.verdict;
    const turnIds = [...voice.told].flatMap(([turnId, person]) => (person === voiceId ? [] : [turnId]));
    if (turnIds.length === 0) return [];
    for (const turnId of turnIds) voice.told.set(turnId, voiceId);
    return [{ type: 'relabel', turnIds, cluster: this.#clusterOf(voice), verdict: voice.verdict }];
  }

  #told(
    { turnId, startSample, endSample, windows }: OpenTurn,
    { isFinal, verdict, voice }: { isFinal: boolean; verdict: Verdict; voice: SessionVoice | undefined },
  ): LiveChange {
    const speechSamples = windows.reduce((sum, { samples }) => sum + samples, 0);
    const cluster = voice && verdict.decision !== 'identified' ? this.#clusterOf(voice) : null;
    return { type: 'turn', turn: { turnId, startSample, endSample, isFinal, speechSamples, verdict, cluster } };
  }

  #clusterOf(voice: SessionVoice): string | null {
    if (voice.verdict.decision === 'identified') return null;
    voice.cluster ??= this.#options.newCluster();
    return voice.cluster;
  }
}
