import { useState } from 'preact/hooks';
import type { FeedbackResult } from '../../core/feedback.js';
import { type NamedPerson, PersonForm } from '../enrol/personForm.js';
import { decimal } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Reasons } from '../shared/problem.js';
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
  const { client, text } = useHome();
  const [isOnlyTurn, setIsOnlyTurn] = useState(false);
  const [isAlsoOther, setIsAlsoOther] = useState(false);
  const [result, setResult] = useState<FeedbackResult | undefined>();
  const task = useTask();
  const say = ({ speakerId, name, isKnown, consent }: NamedPerson) =>
    task.run(async () =>
      setResult(
        await client.feedback({
          ...target,
          verdict: 'correct',
          speakerId,
          ...(!isKnown && { name }),
          ...consent,
          ...(isOnlyTurn && { isOnlyTurn }),
          ...(isAlsoOther && { isAlsoOther }),
        }),
      ),
    );
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
        <PersonForm action={text('review.save')} task={task} onGiven={say} onCancel={close}>
          {mayBeOneTurn && <Tick label={text('review.onlyTurn')} isTicked={isOnlyTurn} onChange={setIsOnlyTurn} />}
          {task.refused?.code === 'NAME_TAKEN' && (
            <Tick label={text('review.alsoOther')} isTicked={isAlsoOther} onChange={setIsAlsoOther} />
          )}
        </PersonForm>
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
