import { exactSecondsOfSamples } from '../../core/time.js';
import type { WindowSimilarity } from '../clusterWindows.js';
import type { PooledVoice } from '../matchVoices.js';
import { relativeSimilarity } from './voiceSimilarity.js';
import type { LiveWindow } from './voiceSum.js';

/** When one segment of speech contains two people. Tuned on conversations of other seeds than those that are reported. */
export interface ChangeTuning {
  /** Similarity assumed of a voice that is new to the session: windows less similar than this to the turn's voice are its. */
  readonly newcomer: number;
  /** Least evidence for a change: the sum of differences of similarity over windows of full length. */
  readonly evidence: number;
  /** The latest windows, among which a change is looked for. */
  readonly lookBack: number;
}

export const CHANGE_TUNING: ChangeTuning = { newcomer: 0.4, evidence: 0.5, lookBack: 5 };

const FULL_WINDOW_SAMPLES = 24_000;

export interface ChangeInput {
  /** Windows of one turn, in order. */
  readonly windows: readonly LiveWindow[];
  /** The voice of the turn, from the windows before `at` and what the session knows of it. */
  readonly voiceBefore: (at: number) => PooledVoice;
  /** Every other voice of the session. */
  readonly others: readonly PooledVoice[];
}

/**
 * Index of the first window of another voice in a turn: from there on the windows are more similar to another voice of the
 * session, or to a new one, than to the voice of the turn. Undefined where all windows are of one voice.
 */
export function changeOfVoice(
  { windows, voiceBefore, others }: ChangeInput,
  similarity: WindowSimilarity,
  tuning = CHANGE_TUNING,
): number | undefined {
  const elsewhere = windows.map((window) => {
    const pooled = pooledOf(window);
    return Math.max(tuning.newcomer, ...others.map((other) => relativeSimilarity(pooled, other, similarity)));
  });
  let best: number | undefined;
  let highest = tuning.evidence;
  for (let at = Math.max(1, windows.length - tuning.lookBack); at < windows.length; at += 1) {
    const before = voiceBefore(at);
    let evidence = 0;
    for (let i = at; i < windows.length; i += 1) {
      const weight = Math.min(1, (windows[i]!.endSample - windows[i]!.startSample) / FULL_WINDOW_SAMPLES);
      evidence += weight * (elsewhere[i]! - relativeSimilarity(pooledOf(windows[i]!), before, similarity));
    }
    if (evidence > highest) [best, highest] = [at, evidence];
  }
  return best;
}

const pooledOf = ({ embedding, startSample, endSample }: LiveWindow): PooledVoice => ({
  centroid: embedding,
  speechSeconds: exactSecondsOfSamples(endSample - startSample),
});
