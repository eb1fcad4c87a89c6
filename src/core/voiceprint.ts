/** Speech in all from which a voiceprint is complete, and matched. */
export const COMPLETE_SPEECH_MS = 12_000;

/** A vector from a speaker model: L2 norm 1, shape (d,). Only embeddings of one `modelId` may be compared. */
export interface Embedding {
  readonly values: Float32Array<ArrayBuffer>;
  readonly modelId: string;
}

/** How good the speech of a voiceprint is, in one word (the contract's `enroll_quality`). */
export type EnrollQuality = 'poor' | 'average' | 'good' | 'high';

/** What is known of one accepted enrolment sample. Its audio is not here: where the owner wants it kept, it is apart. */
export interface Exemplar {
  readonly embedding: Embedding;
  /** Speech in the sample, pauses left out. */
  readonly speechMs: number;
  readonly snrDb: number;
  /** Highest frequency with speech energy; about 3,400 for telephone audio. */
  readonly bandwidthHz: number;
  readonly enrolledAtMs: number;
  /** Of the same speech by other models, made anew from kept audio: at most one of each model. */
  readonly otherEmbeddings?: readonly Embedding[];
  /** Names the speech of the sample in the registry; undefined where it is not kept. */
  readonly audioId?: string;
}

/** The speech of an accepted sample, kept so that another model can hear it. Biometric raw data. */
export interface KeptSpeech {
  /** Mono 16 kHz, 16-bit, stretches of speech one after the other, shape (sum of `stretches`,). */
  readonly samples: Int16Array<ArrayBuffer>;
  /** Length of each stretch in samples, in order. */
  readonly stretches: readonly number[];
}

/** Consent as it was given: free text and when. */
export interface Consent {
  readonly text: string;
  readonly givenAtMs: number;
}

/** One enrolled person. "Speaker" is a person and never a variable for a cluster. */
export interface Voiceprint {
  /** Unique within the tenant: `[a-zA-Z0-9_]+`, at most 128 characters. */
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  /** As it was given; empty where nobody said. */
  readonly languageCode: string;
  /** Accepted samples, oldest first, at most 20; the mean is derived from them and kept for reading speed. */
  readonly exemplars: readonly Exemplar[];
  readonly mean: Embedding | undefined;
  /** Accepted speech in all. */
  readonly speechMs: number;
  /** Audio handed in for it, speech or not, accepted samples only. */
  readonly audioMs: number;
  readonly quality: EnrollQuality;
  /** True from 12 s of accepted speech on; only complete voiceprints are matched. */
  readonly isComplete: boolean;
  readonly consent: Consent | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}
