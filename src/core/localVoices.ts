/** Voices that the segmentation network tells apart within one chunk. */
export const LOCAL_VOICES = 3;
/** One frame of activity: 20 ms. */
export const LOCAL_FRAME_SAMPLES = 320;

/**
 * Who of at most three voices speaks in each frame of overlapping chunks of a stream. Voices are numbered within their
 * chunk only: voice 0 of one chunk may be voice 2 of the next.
 */
export interface LocalVoices {
  readonly chunkFrames: number;
  /** Chunk `i` begins at frame `i × hopFrames`. */
  readonly hopFrames: number;
  /** Probability that a voice speaks, 0..255 for 0..1, row-major, shape (chunks, chunkFrames, LOCAL_VOICES). */
  readonly activity: Uint8Array<ArrayBuffer>;
}
