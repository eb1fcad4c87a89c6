import { useState } from 'preact/hooks';
import type { EnrollResult } from '../../core/identification.js';
import { Refused } from '../client/refused.js';
import type { EnrolUnknown } from '../client/voicesClient.js';
import { EnrolOutcome } from '../enrol/enrolOutcome.js';
import { type NamedPerson, PersonForm } from '../enrol/personForm.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { useTask } from '../shared/useTask.js';

interface NameVoiceProps {
  readonly unknownId: string;
  enrol(request: EnrolUnknown): Promise<EnrollResult>;
  onDone(): void;
}

/** "This is …": makes a new person of an unknown voice, or adds it to one. */
export function NameVoice({ unknownId, enrol, onDone }: NameVoiceProps) {
  const { text } = useHome();
  const [result, setResult] = useState<EnrollResult | undefined>();
  const task = useTask();
  const enrolAs = ({ speakerId, name, consent }: NamedPerson) =>
    task.run(async () => {
      const done = await enrol({ cluster: unknownId, speakerId, name, ...consent });
      if (done.status === 'rejected') throw new Refused(422, 'ENROLL_REFUSED', '', done.reasons);
      setResult(done);
    });
  return (
    <Modal title={text('unknown.nameTitle', { voice: unknownId })} onClose={onDone}>
      {result ? (
        <>
          <EnrolOutcome result={result} />
          <div class="vp-actions vp-end">
            <button type="button" class="vp-main" onClick={onDone}>
              {text('action.done')}
            </button>
          </div>
        </>
      ) : (
        <PersonForm action={text('unknown.enrol')} task={task} onGiven={enrolAs} onCancel={onDone} />
      )}
    </Modal>
  );
}
