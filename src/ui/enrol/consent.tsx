import { useSurroundings } from '../shared/home.js';

/** Version of the text that is proposed; to be raised when its wording changes. */
const TEXT_VERSION = '1';

export interface ConsentState {
  readonly text: string;
  readonly isGiven: boolean;
}

/** What is stored with the enrolment; nothing where nobody agreed. */
export function consentOf({ text, isGiven }: ConsentState, proposed: string, language: string) {
  if (!isGiven || text.trim() === '') return {};
  return {
    consentText: text.trim(),
    ...(text.trim() === proposed && { consentVersion: `voice-prints ${TEXT_VERSION} (${language})` }),
  };
}

interface ConsentProps {
  readonly value: ConsentState;
  onChange(value: ConsentState): void;
}

/** The text that the person is shown, and that they agree. */
export function Consent({ value, onChange }: ConsentProps) {
  const { text, isConsentRequired } = useSurroundings();
  return (
    <fieldset class="vp-consent">
      <legend>{text('consent.title')}</legend>
      <label class="vp-field">
        {text('consent.text')}
        <textarea
          rows={3}
          maxLength={4096}
          value={value.text}
          onInput={(event) => onChange({ text: event.currentTarget.value, isGiven: false })}
        />
      </label>
      <label class="vp-tick">
        <input
          type="checkbox"
          checked={value.isGiven}
          onChange={(event) => onChange({ ...value, isGiven: event.currentTarget.checked })}
        />
        <span>
          {text('consent.agree')} {!isConsentRequired && <em>{text('consent.optional')}</em>}
        </span>
      </label>
    </fieldset>
  );
}
