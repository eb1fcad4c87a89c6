import { useCallback, useState } from 'preact/hooks';
import type { SpeakerSample } from '../../core/feedback.js';
import type { SpeakerSummary } from '../../core/identification.js';
import { decimal, moment, speakerIdFor } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Modal } from '../shared/modal.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { useTask } from '../shared/useTask.js';

interface SamplesProps {
  readonly person: SpeakerSummary;
  readonly people: readonly SpeakerSummary[];
  onDone(): void;
}

/** What a voiceprint is made of: a stray sample is removed, or becomes a person of its own. */
export function Samples({ person: { speakerId, name }, people, onDone }: SamplesProps) {
  const { client, text } = useHome();
  const load = useCallback(() => client.samples(speakerId), [client, speakerId]);
  const { value: samples = [], refused, reload } = useLoaded(load);
  const task = useTask();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [newName, setNewName] = useState('');
  const choose = (sampleId: string, isChosen: boolean) => {
    const others = [...chosen].filter((one) => one !== sampleId);
    setChosen(new Set(isChosen ? [...others, sampleId] : others));
  };
  const remove = (sampleId: string) =>
    task.run(async () => {
      await client.removeSample(speakerId, sampleId);
      reload();
    });
  const split = (event: SubmitEvent) => {
    event.preventDefault();
    task.run(async () => {
      const id = speakerIdFor(newName, new Set(people.map((one) => one.speakerId)));
      await client.split(speakerId, { sampleIds: [...chosen], speakerId: id, name: newName.trim() });
      onDone();
    });
  };
  const isSplittable = chosen.size > 0 && chosen.size < samples.length;
  return (
    <Modal title={text('people.samplesTitle', { name })} onClose={onDone}>
      <p class="vp-hint">{text('people.samplesHint')}</p>
      <ul class="vp-rows">
        {samples.map((sample) => (
          <Sample
            key={sample.sampleId}
            sample={sample}
            isOnly={samples.length === 1}
            isBusy={task.isRunning}
            onChoose={(isChosen) => choose(sample.sampleId, isChosen)}
            onRemove={() => remove(sample.sampleId)}
          />
        ))}
      </ul>
      <Problem refused={task.refused ?? refused} />
      {isSplittable && (
        <form onSubmit={split}>
          <label class="vp-field">
            {text('field.name')}
            <input
              value={newName}
              required
              maxLength={200}
              onInput={(event) => setNewName(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="vp-main" disabled={task.isRunning || newName.trim() === ''}>
            {text('people.split')}
          </button>
        </form>
      )}
      <div class="vp-actions vp-end">
        <button type="button" onClick={onDone}>
          {text('action.done')}
        </button>
      </div>
    </Modal>
  );
}

interface SampleProps {
  readonly sample: SpeakerSample;
  readonly isOnly: boolean;
  readonly isBusy: boolean;
  onChoose(isChosen: boolean): void;
  onRemove(): void;
}

function Sample({ sample, isOnly, isBusy, onChoose, onRemove }: SampleProps) {
  const { text, language } = useHome();
  const { speechSeconds, addedAt, quality, likeness, origin } = sample;
  return (
    <li>
      <label class="vp-tick">
        <input type="checkbox" disabled={isOnly} onChange={(event) => onChoose(event.currentTarget.checked)} />
        <span>
          {text('people.sampleOf', { seconds: decimal(speechSeconds, language), date: moment(addedAt, language) })}{' '}
          <span class="vp-hint">
            {text(`quality.${quality}`)}
            {likeness !== null && ` · ${text('people.likeness', { likeness: decimal(likeness, language, 2) })}`}
            {origin === 'feedback' && ` · ${text('people.learnt')}`}
          </span>
        </span>
      </label>
      {!isOnly && (
        <button type="button" class="vp-danger" disabled={isBusy} onClick={onRemove}>
          {text('people.removeSample')}
        </button>
      )}
    </li>
  );
}
