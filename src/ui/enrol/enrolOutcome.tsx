import type { EnrollResult } from '../../core/identification.js';
import { decimal } from '../shared/format.js';
import { useSurroundings } from '../shared/home.js';
import { Reasons } from '../shared/problem.js';

interface OutcomeProps {
  readonly result: Pick<EnrollResult, 'name' | 'status' | 'speechSeconds' | 'quality' | 'reasons'>;
}

/** What an enrolment came to, with its remarks. */
export function EnrolOutcome({ result }: OutcomeProps) {
  const { text, language } = useSurroundings();
  const { name, status, speechSeconds, quality } = result;
  const isComplete = status === 'complete';
  const remarks = result.reasons.filter(({ code }) => !isComplete || code !== 'TOO_LITTLE_SPEECH');
  return (
    <div class={`vp-outcome vp-${isComplete ? 'good' : 'warn'}`} role="status">
      <p>
        {text(isComplete ? 'enrol.complete' : 'enrol.accepted', { name, seconds: decimal(speechSeconds, language) })}{' '}
        {text(`quality.${quality}`)}
      </p>
      {remarks.length > 0 && <Reasons reasons={remarks} />}
    </div>
  );
}
