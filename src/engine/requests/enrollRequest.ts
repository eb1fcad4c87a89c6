import type { RecordingLimits, RecordingSource } from '../../core/recording.js';

export interface EnrollRequest {
  readonly tenantId?: string;
  readonly speakerId: string;
  /** Defaults to the name already stored, else to the id. */
  readonly name?: string;
  readonly samples: readonly RecordingSource[];
  /** What the person agreed to, and how; stored with who recorded it and when. Where consent is required and none is stored: CONSENT_REQUIRED. */
  readonly consentText?: string;
  /** Version of the text that the person was shown. */
  readonly consentVersion?: string;
  readonly languageCode?: string;
  /** Only says what the gate would decide, and how the voiceprint would be: nothing is stored, nothing recorded, and no consent needed. */
  readonly isTrial?: boolean;
  readonly limits?: Partial<RecordingLimits>;
}

/** Makes a voiceprint of an unknown voice. */
export interface EnrollUnknownRequest {
  /** `unknown-3`; by default the most recent unknown voice. */
  readonly cluster?: string;
  readonly speakerId: string;
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
  readonly languageCode?: string;
}
