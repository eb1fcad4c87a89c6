import { exactSecondsOfSamples } from '../../core/time.js';
import type { WindowLikeness } from '../clusterWindows.js';
import type { HeardVoice } from '../matchVoices.js';
import { positionOf } from './voiceLikeness.js';
import type { LiveWindow } from './voiceSum.js';

/** When one stretch of speech is two people's. Found on conversations of other seeds than those that are reported. */
export interface ChangeTuning {
  /** Likeness, as positionOf gives it, that an unheard voice is taken to have: what is less like the turn's voice is new. */
  readonly newcomer: number;
  /** Evidence that it takes: differences of likeness, added up over windows of full length. */
  readonly evidence: number;
  /** Windows that are looked back at. */
  readonly lookBack: number;
}

export const CHANGE_TUNING: ChangeTuning = { newcomer: 0.4, evidence: 0.5, lookBack: 5 };

const FULL_WINDOW_SAMPLES = 24_000;

export interface ChangeInput {
  /** Windows of one turn, in order. */
  readonly windows: readonly LiveWindow[];
  /** What is known of the voice that the windows before `at` belong to. */
  readonly voiceBefore: (at: number) => HeardVoice;
  /** Every other voice of the session. */
  readonly others: readonly HeardVoice[];
}

/**
 * Where in a turn another voice sets in: the windows from there on are more like another voice of the session, or less
 * like the turn's than one person is. Undefined where they are one person's.
 */
export function changeOfVoice(
  { windows, voiceBefore, others }: ChangeInput,
  likeness: WindowLikeness,
  tuning = CHANGE_TUNING,
): number | undefined {
  const elsewhere = windows.map((window) => {
    const heard = heardOf(window);
    return Math.max(tuning.newcomer, ...others.map((other) => positionOf(heard, other, likeness)));
  });
  let best: number | undefined;
  let highest = tuning.evidence;
  for (let at = Math.max(1, windows.length - tuning.lookBack); at < windows.length; at += 1) {
    const before = voiceBefore(at);
    let evidence = 0;
    for (let i = at; i < windows.length; i += 1) {
      const weight = Math.min(1, (windows[i]!.endSample - windows[i]!.startSample) / FULL_WINDOW_SAMPLES);
      evidence += weight * (elsewhere[i]! - positionOf(heardOf(windows[i]!), before, likeness));
    }
    if (evidence > highest) [best, highest] = [at, evidence];
  }
  return best;
}

const heardOf = ({ embedding, startSample, endSample }: LiveWindow): HeardVoice => ({
  centroid: embedding,
  speechSeconds: exactSecondsOfSamples(endSample - startSample),
});
