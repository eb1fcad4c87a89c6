import type { Steps } from '../../core/steps.js';
import { type Enrolled, type Ranking, rankInSteps } from '../gallery/ranking.js';
import type { PooledVoice } from '../matchVoices.js';
import type { SessionVoicesOptions } from './sessionTuning.js';
import type { SessionVoice } from './sessionVoice.js';

/** The voices of a session, and whom they may be. */
export interface SessionPeople extends SessionVoicesOptions {
  readonly voices: readonly SessionVoice[];
  readonly enrolled: Enrolled;
  readonly isNarrowBand: boolean;
}

/** People whom voices of the session were taken for, or are not, are looked at in any case. */
export function compareEach(
  probes: readonly PooledVoice[],
  { voices, enrolled, calibration, isNarrowBand }: SessionPeople,
): Steps<Ranking[]> {
  const always = voices.flatMap(({ verdict: { speakerId }, excluded }) => [
    ...(speakerId ? [speakerId] : []),
    ...excluded,
  ]);
  return rankInSteps(probes, enrolled, { calibration, isNarrowBand }, always);
}

/** People whom other voices of the session were taken for. */
export const heldBesides = (voices: readonly SessionVoice[], own: SessionVoice | undefined): Set<string | null> =>
  new Set(
    voices.flatMap((voice) =>
      voice !== own && voice.verdict.decision === 'identified' ? [voice.verdict.speakerId] : [],
    ),
  );
