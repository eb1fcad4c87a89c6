/** Wire fields as proto-loader returns them, names unchanged; absent fields are 0 or ''. */
export interface SegmentChunk {
  readonly id: number;
  readonly content: string;
  readonly encoding: string;
  readonly languageCode: string;
  readonly sampleRate: number;
  readonly speakerIds: readonly string[];
  /** Seconds. */
  readonly segmentOffset: number;
  /** Seconds. */
  readonly duration: number;
  readonly Error: string;
}

/** One turn, or, where `Error` is set, the reason why a chunk gave none. */
export interface SegmentSpeaker {
  readonly id: number;
  readonly speaker_id?: string;
  /** Seconds of the stream. */
  readonly start?: number;
  readonly end?: number;
  readonly Error?: string;
  readonly identification_score?: number;
}
