/** Voices that the segmentation network separates within one chunk. */
export const LOCAL_VOICES = 3;
/** One frame of activity: 20 ms. */
export const LOCAL_FRAME_SAMPLES = 320;
/** Activity from which a local voice speaks, of 255. */
export const LOCAL_ACTIVE = 128;

/**
 * Speaker activity of at most three voices in each frame of overlapping chunks of a stream. Voices are numbered within their
 * chunk only: voice 0 of one chunk may be voice 2 of the next.
 */
export interface LocalVoices {
  readonly chunkFrames: number;
  /** Chunk `i` begins at frame `i × hopFrames`. */
  readonly hopFrames: number;
  /** Probability that a voice speaks, 0..255 for 0..1, row-major, shape (chunks, chunkFrames, LOCAL_VOICES). */
  readonly activity: Uint8Array<ArrayBuffer>;
}

/** A piece of one local voice of one chunk, of which there is one embedding. */
export interface LocalPiece {
  readonly chunk: number;
  /** 0 to LOCAL_VOICES - 1. */
  readonly local: number;
  /** Its frames, counted from the start of the chunk, rising. */
  readonly frames: Uint16Array<ArrayBuffer>;
  /** True for one run in which no other voice speaks; false for fragments and for overlapped speech. */
  readonly isSolid: boolean;
}
