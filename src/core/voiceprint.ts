/** Total speech from which a voiceprint is complete; with less, names are less certain. */
export const COMPLETE_SPEECH_MS = 12_000;

/** A vector from a speaker model: L2 norm 1, shape (d,). Only embeddings of one `modelId` may be compared. */
export interface Embedding {
  readonly values: Float32Array<ArrayBuffer>;
  readonly modelId: string;
}

/** Quality of the speech of a voiceprint (`enroll_quality` of the DeepAffects API). */
export type EnrollQuality = 'poor' | 'average' | 'good' | 'high';

/** One accepted enrolment sample. Its audio, where it is kept, is stored separately. */
export interface Exemplar {
  readonly embedding: Embedding;
  /** Speech in the sample, pauses left out. */
  readonly speechMs: number;
  readonly snrDb: number;
  /** Highest frequency with speech energy; about 3,400 for telephone audio. */
  readonly bandwidthHz: number;
  readonly enrolledAtMs: number;
  /** Embeddings of the same speech by other models, extracted from kept audio: at most one per model. */
  readonly otherEmbeddings?: readonly Embedding[];
  /** Id of the sample's speech in the registry; undefined where it is not kept. */
  readonly audioId?: string;
  /** Learnt with this piece of feedback on a turn; undefined for a sample of an enrolment. */
  readonly feedbackId?: string;
}

/** The speech of an accepted sample, kept so that another model can embed it. Raw biometric data. */
export interface KeptSpeech {
  /** Mono 16 kHz, 16-bit, segments of speech concatenated, shape (sum of `stretches`,). */
  readonly samples: Int16Array<ArrayBuffer>;
  /** Length of each segment in samples, in order. */
  readonly stretches: readonly number[];
}

/** Consent as it was recorded with an enrolment. */
export interface Consent {
  /** What the person agreed to, and how. */
  readonly text: string;
  /** Version of the text that the person was shown, where one was given. */
  readonly version?: string | undefined;
  readonly givenAtMs: number;
  /** Who recorded it, as the audit log names them; undefined in voiceprints of releases before 0.3. */
  readonly recordedBy?: string | undefined;
}

/** One enrolled person. "Speaker" is a person and never a variable for a cluster. */
export interface Voiceprint {
  /** Unique within the tenant: `[a-zA-Z0-9_]+`, at most 128 characters. */
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  /** As given; empty where it was not. */
  readonly languageCode: string;
  /**
   * Accepted samples, oldest first: at most 20 of enrolments and 12 learnt with feedback. The mean is derived from them and kept for
   * reading speed.
   */
  readonly exemplars: readonly Exemplar[];
  readonly mean: Embedding | undefined;
  /** Total accepted speech. */
  readonly speechMs: number;
  /** Total audio of the accepted samples, pauses included. */
  readonly audioMs: number;
  readonly quality: EnrollQuality;
  /** True from 12 s of accepted speech on; with less, names are less certain. */
  readonly isComplete: boolean;
  readonly consent: Consent | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}
