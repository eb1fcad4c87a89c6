import { useState } from 'preact/hooks';
import { Consent } from '../enrol/consent.js';
import { EnrolOutcome } from '../enrol/enrolOutcome.js';
import { Recorder } from '../enrol/recorder.js';
import { isMicrophonePossible } from '../microphone/microphone.js';
import { speakerIdFor } from '../shared/format.js';
import { useSurroundings } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';
import { type EnrolmentOutcome, MOST_SECONDS, type SampleSender } from './sampleSender.js';

/** The dashboard knows nobody who is enrolled: a name that exists already adds to that voiceprint. */
const NOBODY = new Set<string>();

/** Enrols a person who speaks; the flow decides. */
export function EnrolByVoice({ sender }: { readonly sender: SampleSender }) {
  const { text } = useSurroundings();
  const [name, setName] = useState('');
  const [consent, setConsent] = useState({ text: text('consent.proposed'), isGiven: false });
  const [result, setResult] = useState<EnrolmentOutcome | undefined>();
  const [saved, setSaved] = useState(0);
  const { isRunning, refused, run } = useTask();
  if (!isMicrophonePossible()) return <p class="vp-hint">{text('here.microphone')}</p>;
  const speakerId = speakerIdFor(name, NOBODY);
  const isReady = name.trim() !== '' && consent.isGiven && consent.text.trim() !== '';
  const isEnough = result?.status === 'complete';

  const save = (wav: Blob) =>
    run(async () => {
      setResult(undefined);
      setResult(await sender.send(wav, { speakerId, name: name.trim(), consent: consent.text.trim() }));
      setSaved((before) => before + 1);
    });
  const change = (value: string) => {
    setName(value);
    setResult(undefined);
    setConsent((before) => ({ ...before, isGiven: false })); // it was somebody else's
  };

  return (
    <div class="vp-enrol">
      <label class="vp-field">
        {text('field.name')}
        <input
          value={name}
          maxLength={200}
          autoComplete="off"
          disabled={isRunning}
          onInput={(event) => change(event.currentTarget.value)}
        />
        <span class="vp-hint">
          {name.trim() === '' ? text('enrol.nameHint') : text('enrol.idIs', { id: speakerId })}
        </span>
      </label>
      <Consent value={consent} onChange={setConsent} />
      {isReady ? (
        <Recorder
          key={saved} // what was saved is not offered again
          people={[]}
          mostSeconds={MOST_SECONDS}
          isSaving={isRunning}
          isEnough={isEnough}
          onSave={save}
        />
      ) : (
        <p class="vp-hint">{text('enrol.first')}</p>
      )}
      <Problem refused={refused} />
      {result && refused === undefined && <EnrolOutcome result={result} />}
    </div>
  );
}
