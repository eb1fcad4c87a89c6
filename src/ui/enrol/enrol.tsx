import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { EnrollResult, SpeakerSummary } from '../../core/identification.js';
import { FileDrop } from '../shared/fileDrop.js';
import { speakerIdFor } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';
import { Consent, consentOf } from './consent.js';
import { type FoundFile, groupsOf } from './droppedFiles.js';
import { EnrolOutcome } from './enrolOutcome.js';
import { Recorder } from './recorder.js';
import { type SamplePlan, SamplePlans, useSamplePlans } from './samplePlans.js';

/** Brings what appears below everything else into sight, on the screen of a telephone as well. */
const seen = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });

interface EnrolProps {
  readonly people: readonly SpeakerSummary[];
  /** Whom samples are added to; undefined for somebody new. */
  readonly person?: SpeakerSummary | undefined;
  /** Id and name of somebody new, where they are decided elsewhere. */
  readonly proposed?: { readonly speakerId: string | undefined; readonly name: string | undefined };
  onDone(): void;
}

/** Enrols by speaking or by files; several people at once where files lie in folders named after them. */
export function Enrol({ people, person, proposed: somebody, onDone }: EnrolProps) {
  const { client, text, language, isConsentRequired } = useHome();
  const proposed = text('consent.proposed');
  const [name, setName] = useState(person?.name ?? somebody?.name ?? somebody?.speakerId ?? '');
  const [madeId, setMadeId] = useState<string | undefined>(person?.speakerId ?? somebody?.speakerId);
  const [saved, setSaved] = useState(0);
  const [consent, setConsent] = useState({ text: proposed, isGiven: false });
  const [result, setResult] = useState<EnrollResult | undefined>();
  const { isRunning, refused, run } = useTask();
  const [isNameMissing, setIsNameMissing] = useState(false);
  const plans = useSamplePlans();

  const taken = new Set(people.map(({ speakerId }) => speakerId));
  const speakerId = madeId ?? speakerIdFor(name, taken);
  const trySample = useCallback((wav: Blob) => client.trySample(speakerId, wav), [client, speakerId]);
  const details = consentOf(consent, proposed, language);
  const isConsentMissing = isConsentRequired && person?.consent == null && !consent.isGiven;
  const isReady = name.trim() !== '' && !isConsentMissing;
  const isEnough = result?.status === 'complete';
  const done = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isEnough) done.current?.focus(); // the button that had the focus is gone
  }, [isEnough]);

  const save = (wav: Blob) =>
    run(async () => {
      setResult(await client.addSample(speakerId, wav, { name: name.trim(), ...details }));
      setMadeId(speakerId); // more samples belong to the same person
      setSaved((before) => before + 1);
    });
  const takeFiles = (found: readonly FoundFile[]) => {
    const used = new Set(taken);
    const planned = groupsOf(found).flatMap(({ folder, files }): SamplePlan[] => {
      const own = folder === undefined || person !== undefined || madeId !== undefined;
      const known = people.find((one) => one.name === folder || one.speakerId === folder);
      const id = own ? speakerId : (known?.speakerId ?? speakerIdFor(folder, used));
      used.add(id);
      return [{ speakerId: id, name: own ? name.trim() : (known?.name ?? folder), files }];
    });
    const named = planned.filter((plan) => plan.name !== '');
    setIsNameMissing(named.length < planned.length);
    if (named.length > 0) plans.tryAll(named);
  };

  return (
    <div class="vp-enrol">
      {person === undefined && (
        <label class="vp-field">
          {text('field.name')}
          <input
            value={name}
            maxLength={200}
            autoComplete="off"
            disabled={saved > 0 || plans.isRunning || plans.fitting > 0}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <span class="vp-hint">
            {name.trim() === '' ? text('enrol.nameHint') : text('enrol.idIs', { id: speakerId })}
          </span>
        </label>
      )}
      <Consent value={consent} onChange={setConsent} />
      {isConsentMissing && <p class="vp-hint">{text('consent.missing')}</p>}
      {isReady ? (
        <Recorder
          key={saved} // what was saved is not offered again
          onTry={trySample}
          people={people}
          isSaving={isRunning}
          isEnough={isEnough}
          onSave={save}
        />
      ) : (
        <p class="vp-hint">{text(isConsentMissing ? 'enrol.first' : 'enrol.firstName')}</p>
      )}
      <Problem refused={refused} />
      {result && refused === undefined && <EnrolOutcome result={result} />}
      <FileDrop
        hint={text('enrol.dropHint')}
        isMany
        hasFolders={person === undefined}
        isDisabled={plans.isRunning}
        onFiles={takeFiles}
      />
      {isNameMissing && <p class="vp-hint">{text('enrol.nameFirst')}</p>}
      <SamplePlans rows={plans.rows} />
      {plans.fitting > 0 && (
        <>
          <p class="vp-hint">{text(isConsentMissing ? 'consent.missing' : 'plan.notStored')}</p>
          <div class="vp-actions" ref={seen}>
            <button
              type="button"
              class="vp-main"
              disabled={isConsentMissing}
              onClick={() => plans.enrolFitting(details)}
            >
              {text('plan.enrol', { count: plans.fitting })}
            </button>
            <button type="button" onClick={plans.discard}>
              {text('enrol.discard')}
            </button>
          </div>
        </>
      )}
      <div class="vp-actions vp-end">
        <button type="button" class={isEnough ? 'vp-main' : ''} ref={done} onClick={onDone}>
          {text('action.done')}
        </button>
      </div>
    </div>
  );
}
