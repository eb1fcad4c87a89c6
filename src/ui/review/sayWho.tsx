import { useCallback, useId, useState } from 'preact/hooks';
import type { FeedbackResult } from '../../core/feedback.js';
import { Consent, consentOf } from '../enrol/consent.js';
import { decimal, speakerIdFor } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem, Reasons } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { useTask } from '../shared/useTask.js';

interface SayWhoProps {
  readonly title: string;
  readonly target: { readonly turnId: string } | { readonly cluster: string };
  /** Whether it can be said of this turn alone. */
  readonly mayBeOneTurn?: boolean;
  onDone(isChanged: boolean): void;
}

/** "This is …": somebody enrolled, or a new person. */
export function SayWho({ title, target, mayBeOneTurn = false, onDone }: SayWhoProps) {
  const { client, text, language, isConsentRequired } = useHome();
  const proposed = text('consent.proposed');
  const list = useId();
  const { value: people = [] } = useLoaded(useCallback(() => client.people(), [client]));
  const [name, setName] = useState('');
  const [consent, setConsent] = useState({ text: proposed, isGiven: false });
  const [isOnlyTurn, setIsOnlyTurn] = useState(false);
  const [isAlsoOther, setIsAlsoOther] = useState(false);
  const [result, setResult] = useState<FeedbackResult | undefined>();
  const { isRunning, refused, run } = useTask();
  const known = people.find((one) => [one.name, one.speakerId].includes(name.trim()));
  const speakerId = known?.speakerId ?? speakerIdFor(name, new Set(people.map((one) => one.speakerId)));
  const isConsentMissing = isConsentRequired && known?.consent == null && !consent.isGiven;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      const person = known ? {} : { name: name.trim(), ...consentOf(consent, proposed, language) };
      setResult(
        await client.feedback({
          ...target,
          verdict: 'correct',
          speakerId,
          ...person,
          ...(isOnlyTurn && { isOnlyTurn }),
          ...(isAlsoOther && { isAlsoOther }),
        }),
      );
    });
  };
  const close = () => onDone(result !== undefined);
  return (
    <Modal title={title} onClose={close}>
      {result ? (
        <>
          <Said result={result} />
          <div class="vp-actions vp-end">
            <button type="button" class="vp-main" onClick={close}>
              {text('action.done')}
            </button>
          </div>
        </>
      ) : (
        <form onSubmit={submit}>
          <label class="vp-field">
            {text('field.name')}
            <input
              value={name}
              required
              maxLength={200}
              list={list}
              autoComplete="off"
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <span class="vp-hint">
              {known ? text('unknown.addsTo', { name: known.name }) : text('unknown.nameHint')}
            </span>
          </label>
          <datalist id={list}>
            {people.map((one) => (
              <option key={one.speakerId} value={one.name} />
            ))}
          </datalist>
          {mayBeOneTurn && <Tick label={text('review.onlyTurn')} isTicked={isOnlyTurn} onChange={setIsOnlyTurn} />}
          {refused?.code === 'NAME_TAKEN' && (
            <Tick label={text('review.alsoOther')} isTicked={isAlsoOther} onChange={setIsAlsoOther} />
          )}
          {!known && name.trim() !== '' && <Consent value={consent} onChange={setConsent} />}
          <Problem refused={refused} />
          <div class="vp-actions">
            <button type="submit" class="vp-main" disabled={isRunning || name.trim() === '' || isConsentMissing}>
              {text('review.save')}
            </button>
            <button type="button" onClick={close}>
              {text('action.cancel')}
            </button>
          </div>
        </form>
      )}
    </Modal>
  );
}

interface TickProps {
  readonly label: string;
  readonly isTicked: boolean;
  onChange(isTicked: boolean): void;
}

function Tick({ label, isTicked, onChange }: TickProps) {
  return (
    <label class="vp-tick">
      <input type="checkbox" checked={isTicked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** What became of it: which turns have the name now, and whether the voiceprint learnt from it. */
function Said({ result }: { readonly result: FeedbackResult }) {
  const { text, language } = useHome();
  const { name, turnIds, learning } = result;
  const seconds = decimal(learning.speechSeconds, language);
  return (
    <div class={`vp-outcome vp-${learning.outcome === 'none' ? 'warn' : 'good'}`} role="status">
      <p>
        {text('review.named', { name: name ?? '', turns: turnIds.length })}{' '}
        {text(`learning.${learning.outcome}`, { name: name ?? '', seconds })}
      </p>
      {learning.reasons.length > 0 && <Reasons reasons={learning.reasons} />}
    </div>
  );
}
