import { useState } from 'preact/hooks';
import type { SpeakerSummary } from '../../core/identification.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';

interface MergePeopleProps {
  readonly person: SpeakerSummary;
  readonly people: readonly SpeakerSummary[];
  onDone(): void;
}

/** Two entries that are one person. */
export function MergePeople({ person: { speakerId, name }, people, onDone }: MergePeopleProps) {
  const { client, text } = useHome();
  const others = people.filter((one) => one.speakerId !== speakerId);
  const [other, setOther] = useState('');
  const [isSure, setIsSure] = useState(false);
  const { isRunning, refused, run } = useTask();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      await client.merge(speakerId, other, isSure);
      onDone();
    });
  };
  return (
    <Modal title={text('people.mergeTitle', { name })} onClose={onDone}>
      <form onSubmit={submit}>
        <p>{text('people.mergeHint', { name })}</p>
        <label class="vp-field">
          {text('people.mergeOther')}
          <select value={other} required onChange={(event) => setOther(event.currentTarget.value)}>
            <option value="" />
            {others.map((one) => (
              <option key={one.speakerId} value={one.speakerId}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <Problem refused={refused} />
        {refused?.code === 'ENROLL_REFUSED' && (
          <label class="vp-tick">
            <input type="checkbox" checked={isSure} onChange={(event) => setIsSure(event.currentTarget.checked)} />
            <span>{text('people.mergeSure')}</span>
          </label>
        )}
        <div class="vp-actions">
          <button type="submit" class="vp-danger" disabled={isRunning || other === ''}>
            {text('people.mergeNow')}
          </button>
          <button type="button" onClick={onDone}>
            {text('action.cancel')}
          </button>
        </div>
      </form>
    </Modal>
  );
}
