import type { AudioFrame } from '../core/audioFrame.js';

/** What the bytes turned out to be. */
export interface SourceFormat {
  /** e.g. `wav`, `flac`, `mp3`, `ogg`, `raw`. */
  readonly container: string;
  /** e.g. `s16le`, `mulaw`, `flac`; unknown where the decoder did not report it. */
  readonly codec: string | undefined;
  /** Undefined where the decoder did not report it. A rate under 16 kHz marks a narrow-band source. */
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
  /** How many audio tracks there are, where that is known and they are several. */
  readonly tracks?: number;
  readonly durationMs: number | undefined;
}

/** What is known after every frame was read. */
export interface DecodeReport {
  readonly samples: number;
  /** True when the source ended before its declared length or in the middle of a packet. */
  readonly isPartial: boolean;
  /** Audio tracks that are not in the mix, since no decoder at hand reads them. */
  readonly skippedTracks?: number;
}

/**
 * A finished recording being decoded: mono 16 kHz frames of at most 1 s (16,000 samples), gapless from sample 0.
 * One reader. Disposing ends children and deletes temporary files, whether the frames were read or not.
 */
export interface Recording extends AsyncDisposable {
  readonly format: SourceFormat;
  frames(): AsyncGenerator<AudioFrame>;
  /** Valid after `frames()` is exhausted. */
  report(): DecodeReport;
}
