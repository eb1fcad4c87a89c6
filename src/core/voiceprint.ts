/** A vector from a speaker model: L2 norm 1, shape (d,). Only embeddings of one `modelId` may be compared. */
export interface Embedding {
  readonly values: Float32Array<ArrayBuffer>;
  readonly modelId: string;
}

/** How good the speech of a voiceprint is, in one word (the contract's `enroll_quality`). */
export type EnrollQuality = 'poor' | 'average' | 'good' | 'high';

/** What is known of one accepted enrolment sample. Audio itself is not kept. */
export interface Exemplar {
  readonly embedding: Embedding;
  /** Speech in the sample, pauses left out. */
  readonly speechMs: number;
  readonly snrDb: number;
  /** Highest frequency with speech energy; about 3,400 for telephone audio. */
  readonly bandwidthHz: number;
  readonly enrolledAtMs: number;
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
