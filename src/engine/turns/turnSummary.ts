import type { RememberedTurn, TurnTier } from '../../core/feedback.js';
import type { Names } from '../voiceprints/nameable.js';
import { isNamed, ownerOf, type TurnEntry } from './turnEntry.js';

/** A turn as lists show it; `names` of the people enrolled now. */
export function turnSummary(entry: TurnEntry, names: Names): RememberedTurn {
  const { cosine, speechSeconds, score, acceptScore, said } = entry;
  const nameOf = (speakerId: string) => names.get(speakerId) ?? speakerId;
  const owner = ownerOf(entry);
  const tier = tierOf(entry);
  return {
    turnId: entry.turnId,
    conversationId: entry.conversationId,
    kind: entry.kind,
    site: entry.site,
    heardAt: new Date(entry.heardAtMs).toISOString(),
    start: entry.start,
    end: entry.end,
    speechSeconds,
    decision: said ? (owner === null ? 'unknown' : 'identified') : entry.decision,
    speakerId: owner,
    name: owner === null ? null : nameOf(owner),
    cluster: isNamed(entry) ? null : entry.cluster,
    score,
    margin: entry.margin,
    overlap: entry.overlap,
    candidates: entry.candidates.map((one) => ({ ...one, name: nameOf(one.speakerId) })),
    tier,
    why: { cosine, speechSeconds, score, acceptScore, text: reasonText(entry) },
    said: said?.verdict ?? null,
    isLearnable: entry.sound !== undefined,
  };
}

export function tierOf(entry: TurnEntry): TurnTier {
  if (isNamed(entry)) return 'certain';
  return ownerOf(entry) === null ? 'unmatched' : 'suggested';
}

/** `cosine .71, 4.2 s, accept at .97`, with the score where it explains more than the cosine. */
function reasonText({ cosine, speechSeconds, score, acceptScore }: TurnEntry): string {
  const compared = cosine === null ? 'no one enrolled' : `cosine ${shortened(cosine)}, score ${shortened(score)}`;
  return `${compared}, ${speechSeconds.toFixed(1)} s, accept at ${shortened(acceptScore)}`;
}

const shortened = (value: number): string => value.toFixed(2).replace(/^(-?)0\./, '$1.');
