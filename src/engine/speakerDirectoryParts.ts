import type { SpeakerSummary } from '../core/identification.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { UnknownVoices } from '../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import type { EnrolmentsUnderWay } from './enrolment/enrolmentsUnderWay.js';
import type { OthersOf } from './enrolment/otherPeople.js';
import type { SpeakerDirectory } from './requests/speakers.js';

export interface SpeakerDirectoryParts {
  readonly registry: VoiceprintRegistry;
  readonly enrolments: EnrolmentsUnderWay;
  readonly unknownVoices: Pick<UnknownVoices, 'list' | 'delete'>;
  /** Who records consent, as the audit log names them. */
  readonly recordedBy?: string;
  readonly isConsentRequired?: boolean;
  readonly othersOf?: OthersOf;
  readonly tenantId: string;
  /** All people of the tenant, by id. */
  readonly list: () => Promise<readonly SpeakerSummary[]>;
  /** The engine's: voiceprints of another are stale. */
  readonly model: Pick<SpeakerModel, 'id' | 'calibration'>;
  readonly reembed: SpeakerDirectory['reembed'];
  /** Deletes the voiceprint with `erase`, and the person from everything else that is kept. */
  readonly eraseEverywhere: (speakerId: string, erase: () => Promise<boolean>) => Promise<boolean>;
  /** One change after the other, with feedback on turns. */
  readonly inOrder: <T>(work: () => Promise<T>) => Promise<T>;
  /** Two entries turned out to be one person: what is remembered of the first is the second's. */
  readonly onMerged: (fromId: string, speakerId: string) => void;
  /** Throws where the engine was closed. */
  readonly assertOpen: () => void;
  readonly nowMs: () => number;
}
