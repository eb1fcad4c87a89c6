import type { ComponentChildren } from 'preact';
import { useCallback, useId, useState } from 'preact/hooks';
import type { SpeakerSummary } from '../../core/identification.js';
import { speakerIdFor } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import type { Task } from '../shared/useTask.js';
import { Consent, consentOf } from './consent.js';

/** Whom somebody named: enrolled already, or new. */
export interface NamedPerson {
  readonly speakerId: string;
  readonly name: string;
  readonly isKnown: boolean;
  /** What is stored with it; empty where nobody agreed. */
  readonly consent: ReturnType<typeof consentOf>;
}

interface PersonFormProps {
  /** Label of the button that gives the form. */
  readonly action: string;
  readonly task: Task;
  /** More fields. */
  readonly children?: ComponentChildren;
  onGiven(person: NamedPerson): void;
  onCancel(): void;
}

/** Asks for a person by name, and for the consent of one who has not given it. */
export function PersonForm({ action, task, children, onGiven, onCancel }: PersonFormProps) {
  const { client, text, language, isConsentRequired } = useHome();
  const proposed = text('consent.proposed');
  const list = useId();
  const { value: people = [] } = useLoaded(useCallback(() => client.people(), [client]));
  const [typed, setTyped] = useState('');
  const [consent, setConsent] = useState({ text: proposed, isGiven: false });
  const name = typed.trim();
  const known = personNamed(people, name);
  const hasAgreed = known?.consent != null;
  const isConsentMissing = isConsentRequired && !hasAgreed && !consent.isGiven;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onGiven({
      speakerId: known?.speakerId ?? speakerIdFor(name, new Set(people.map((one) => one.speakerId))),
      name: known?.name ?? name,
      isKnown: known !== undefined,
      consent: hasAgreed ? {} : consentOf(consent, proposed, language),
    });
  };
  return (
    <form onSubmit={submit}>
      <label class="vp-field">
        {text('field.name')}
        <input
          value={typed}
          required
          maxLength={200}
          list={list}
          autoComplete="off"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <span class="vp-hint">{known ? text('unknown.addsTo', { name: known.name }) : text('unknown.nameHint')}</span>
      </label>
      <datalist id={list}>
        {people.map((one) => (
          <option key={one.speakerId} value={one.name} />
        ))}
      </datalist>
      {children}
      {!hasAgreed && <Consent value={consent} onChange={setConsent} />}
      <Problem refused={task.refused} />
      <div class="vp-actions">
        <button type="submit" class="vp-main" disabled={task.isRunning || name === '' || isConsentMissing}>
          {action}
        </button>
        <button type="button" onClick={onCancel}>
          {text('action.cancel')}
        </button>
      </div>
    </form>
  );
}

/** By name or id; else by name whatever its capitals. */
const personNamed = (people: readonly SpeakerSummary[], name: string): SpeakerSummary | undefined =>
  people.find((one) => one.name === name || one.speakerId === name) ??
  people.find((one) => one.name.toLowerCase() === name.toLowerCase());
