import { useState } from 'preact/hooks';
import type { SpeakerSummary } from '../../core/identification.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';

interface PersonDialogProps {
  readonly person: SpeakerSummary;
  onDone(): void;
}

export function RenamePerson({ person, onDone }: PersonDialogProps) {
  const { client, text } = useHome();
  const [name, setName] = useState(person.name);
  const { isRunning, refused, run } = useTask();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      await client.rename(person.speakerId, name.trim());
      onDone();
    });
  };
  return (
    <Modal title={text('people.renameTitle', { name: person.name })} onClose={onDone}>
      <form onSubmit={submit}>
        <label class="vp-field">
          {text('field.name')}
          <input value={name} required maxLength={200} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <Problem refused={refused} />
        <div class="vp-actions">
          <button type="submit" class="vp-main" disabled={isRunning || name.trim() === ''}>
            {text('people.rename')}
          </button>
          <button type="button" onClick={onDone}>
            {text('action.cancel')}
          </button>
        </div>
      </form>
    </Modal>
  );
}

export function ErasePerson({ person, onDone }: PersonDialogProps) {
  const { client, text } = useHome();
  const { isRunning, refused, run } = useTask();
  const erase = () =>
    run(async () => {
      await client.erase(person.speakerId);
      onDone();
    });
  return (
    <Modal title={text('people.eraseTitle', { name: person.name })} onClose={onDone}>
      <p>{text('people.eraseHint')}</p>
      <Problem refused={refused} />
      <div class="vp-actions">
        <button type="button" class="vp-danger" disabled={isRunning} onClick={erase}>
          {text('people.eraseNow')}
        </button>
        <button type="button" onClick={onDone}>
          {text('action.cancel')}
        </button>
      </div>
    </Modal>
  );
}
