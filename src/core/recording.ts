/** Headerless audio says nothing of itself: the caller must. Ignored where the bytes have a header. */
export interface RawFormat {
  readonly encoding: 's16le' | 'mulaw' | 'alaw';
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** Where a finished recording comes from. `label` is what answers call it; it never enters a log. */
export type RecordingSource =
  | { readonly kind: 'file'; readonly path: string; readonly label?: string; readonly rawFormat?: RawFormat }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly label?: string; readonly rawFormat?: RawFormat }
  | {
      readonly kind: 'stream';
      readonly stream: AsyncIterable<Uint8Array>;
      readonly label?: string;
      readonly rawFormat?: RawFormat;
    };

/** Caps on one recording. Exceeding them is AUDIO_TOO_LARGE, AUDIO_TOO_LONG or AUDIO_DECODE_TIMEOUT. */
export interface RecordingLimits {
  readonly maxBytes: number;
  readonly maxDurationMs: number;
  readonly maxDecodeMs: number;
}
