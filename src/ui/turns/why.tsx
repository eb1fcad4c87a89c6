import { decimal, percent } from '../shared/format.js';
import { useHome } from '../shared/home.js';

/** What a name rests on. */
export interface Evidence {
  readonly score: number;
  readonly threshold?: number | undefined;
  readonly cosine?: number | null;
  readonly speechSeconds: number;
  readonly hasOverlap: boolean;
  readonly candidates: readonly { readonly name: string; readonly score: number }[];
}

/** Folded away: what was measured, what was needed, and who else it might be. */
export function Why({ turn }: { readonly turn: Evidence }) {
  const { text, language } = useHome();
  const { score, threshold, cosine, speechSeconds, hasOverlap, candidates } = turn;
  return (
    <details class="vp-why">
      <summary>{text('why.title')}</summary>
      <ul>
        <li>{text('why.speech', { seconds: decimal(speechSeconds, language) })}</li>
        {candidates.length > 0 && <li>{text('why.score', { score: percent(score, language) })}</li>}
        {threshold !== undefined && <li>{text('why.threshold', { threshold: percent(threshold, language) })}</li>}
        {cosine != null && <li>{text('why.cosine', { cosine: decimal(cosine, language, 2) })}</li>}
        {hasOverlap && <li>{text('why.overlap')}</li>}
        {candidates.map((candidate) => (
          <li key={candidate.name}>
            {candidate.name}: {percent(candidate.score, language)}
          </li>
        ))}
        {candidates.length === 0 && <li>{text('why.nobody')}</li>}
      </ul>
    </details>
  );
}
