import type { Steps } from '../../core/steps.js';
import { decide, UNCERTAIN_LLR, type Verdict } from '../decide.js';
import { without } from '../gallery/ranking.js';
import { MATCH_TUNING, type VoiceComparison } from '../matchVoices.js';
import { compareEach, heldBesides, type SessionPeople } from './sessionPeople.js';
import { SESSION_TUNING } from './sessionTuning.js';
import type { SessionVoice } from './sessionVoice.js';

/**
 * Who a voice is. Somebody whom another voice of the session was taken for is less likely this one too: what sounded
 * like two people mostly is (see MATCH_TUNING). Whom this voice alone was taken for before stays likelier.
 */
export function* decideVoice(voice: SessionVoice, session: SessionPeople): Steps<void> {
  const comparisons = without((yield* compareEach([voice.pooled], session))[0]!, voice.excluded);
  voice.llrs = new Map(comparisons.near.map((one) => [one.voice.id, one.llr]));
  if (voice.bound !== undefined) {
    voice.verdict = boundVerdict(voice.bound, decide(comparisons, undefined, session));
    return;
  }
  const held = heldBesides(session.voices, voice);
  const before = voice.verdict.speakerId;
  let taken: VoiceComparison | undefined;
  let highest = UNCERTAIN_LLR;
  for (const comparison of comparisons.near) {
    const { id } = comparison.voice;
    const sticky = id === before ? SESSION_TUNING.stickyLlr : 0;
    const llr = comparison.llr + (held.has(id) ? MATCH_TUNING.mostSupport : sticky);
    if (llr >= highest) [taken, highest] = [comparison, llr];
  }
  voice.verdict = decide(comparisons, taken, session);
}

/** What a person said of a voice: as sure as it gets. */
const boundVerdict = (speakerId: string, { candidates }: Verdict): Verdict => ({
  speakerId,
  decision: 'identified',
  score: 1,
  margin: 1,
  cosine: candidates.find((one) => one.speakerId === speakerId)?.cosine ?? null,
  candidates,
});
