import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { Consent, Voiceprint } from '../../core/voiceprint.js';

/** What an enrolment says of consent. */
export interface GivenConsent {
  readonly consentText?: string | undefined;
  readonly consentVersion?: string | undefined;
  /** Who records it, as the audit log names them. */
  readonly recordedBy?: string | undefined;
}

/** The consent to store; undefined where the enrolment gives none. */
export function consentOf(
  { consentText, consentVersion, recordedBy }: GivenConsent,
  nowMs: number,
): Consent | undefined {
  const text = consentText?.trim();
  if (!text) return undefined;
  return { text, givenAtMs: nowMs, ...present({ version: consentVersion?.trim() || undefined, recordedBy }) };
}

/** Throws CONSENT_REQUIRED where consent is required, and neither this enrolment nor one before gives it. */
export function assertConsent(
  { consentText }: GivenConsent,
  current: Pick<Voiceprint, 'consent'> | undefined,
  isRequired: boolean | undefined,
): void {
  if (!isRequired || consentText?.trim() || current?.consent) return;
  throw new VoicePrintsError(
    'CONSENT_REQUIRED',
    'this store enrols only people who agreed; give the consent with what the person agreed to (consentText; over MQTT consent)',
  );
}
