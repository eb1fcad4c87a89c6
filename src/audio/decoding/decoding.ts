/** One way from the bytes of a recording to sound. Used once. */
export interface Decoding {
  /** Mono 16 kHz in pieces of any length, gapless. Throws the signal's reason once that aborts. */
  pieces(signal: AbortSignal): AsyncGenerator<Float32Array>;
  /** After the last piece: whether the source ended too early, given the samples there were. */
  isCut(samples: number): Promise<boolean>;
  /** After the last piece: audio tracks left out, since no decoder at hand reads them. */
  readonly skippedTracks: number;
}

/** What decodes what we do not decode ourselves. The defaults suit everyone but tests. */
export interface DecoderOptions {
  /** Name or path of GStreamer's command. */
  readonly gstLaunchCommand?: string;
  /** Where recordings that must be read out of order are kept meanwhile. */
  readonly temporaryFolder?: string;
}
