/** One enrolled person for the matcher: numbers only, so that it can be sent to a worker. */
export interface EnrolledVoice {
  readonly id: string;
  /** Unit-norm embeddings of the accepted samples, each of shape (d,). */
  readonly exemplars: readonly Float32Array<ArrayBuffer>[];
  /** Unit norm, shape (d,). */
  readonly mean: Float32Array<ArrayBuffer>;
  readonly speechSeconds: number;
  /** True where it was enrolled from telephone audio. */
  readonly isNarrowBand: boolean;
}

/** One enrolled person as a possible owner of a turn. */
export interface ResolvedCandidate {
  readonly speakerId: string;
  /** Calibrated probability 0..1. */
  readonly score: number;
  readonly cosine: number;
}
