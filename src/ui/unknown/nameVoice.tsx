import { useCallback, useState } from 'preact/hooks';
import type { EnrollResult, SpeakerSummary } from '../../core/identification.js';
import { Refused } from '../client/refused.js';
import type { EnrolUnknown } from '../client/voicesClient.js';
import { Consent, consentOf } from '../enrol/consent.js';
import { EnrolOutcome } from '../enrol/enrolOutcome.js';
import { speakerIdFor } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { useTask } from '../shared/useTask.js';

interface NameVoiceProps {
  readonly unknownId: string;
  enrol(request: EnrolUnknown): Promise<EnrollResult>;
  onDone(): void;
}

/** "This is …": makes a new person of an unknown voice, or adds it to one. */
export function NameVoice({ unknownId, enrol, onDone }: NameVoiceProps) {
  const { client, text, language, isConsentRequired } = useHome();
  const proposed = text('consent.proposed');
  const { value: people = [] } = useLoaded(useCallback(() => client.people(), [client]));
  const [name, setName] = useState('');
  const [consent, setConsent] = useState({ text: proposed, isGiven: false });
  const [result, setResult] = useState<EnrollResult | undefined>();
  const { isRunning, refused, run } = useTask();
  const known = personNamed(people, name);
  const speakerId = known?.speakerId ?? speakerIdFor(name, new Set(people.map((one) => one.speakerId)));
  const isConsentMissing = isConsentRequired && known?.consent == null && !consent.isGiven;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      const given = consentOf(consent, proposed, language);
      const done = await enrol({ cluster: unknownId, speakerId, name: known?.name ?? name.trim(), ...given });
      if (done.status === 'rejected') throw new Refused(422, 'ENROLL_REFUSED', '', done.reasons);
      setResult(done);
    });
  };
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
        <form onSubmit={submit}>
          <label class="vp-field">
            {text('field.name')}
            <input
              value={name}
              required
              maxLength={200}
              list="vp-known-people"
              autoComplete="off"
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <span class="vp-hint">
              {known ? text('unknown.addsTo', { name: known.name }) : text('unknown.nameHint')}
            </span>
          </label>
          <datalist id="vp-known-people">
            {people.map((one) => (
              <option key={one.speakerId} value={one.name} />
            ))}
          </datalist>
          <Consent value={consent} onChange={setConsent} />
          <Problem refused={refused} />
          <div class="vp-actions">
            <button type="submit" class="vp-main" disabled={isRunning || name.trim() === '' || isConsentMissing}>
              {text('unknown.enrol')}
            </button>
            <button type="button" onClick={onDone}>
              {text('action.cancel')}
            </button>
          </div>
        </form>
      )}
    </Modal>
  );
}

const personNamed = (people: readonly SpeakerSummary[], name: string): SpeakerSummary | undefined =>
  people.find((one) => one.name.toLowerCase() === name.trim().toLowerCase());
