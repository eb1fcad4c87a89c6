/** Bytes of one sample of headerless audio, by how it is encoded. `u8` is offset binary, `be` big-endian. */
export const RAW_SAMPLE_BYTES = {
  s16le: 2,
  s16be: 2,
  u8: 1,
  s24le: 3,
  s24be: 3,
  s32le: 4,
  s32be: 4,
  f32le: 4,
  f32be: 4,
  mulaw: 1,
  alaw: 1,
} as const;

export type RawEncoding = keyof typeof RAW_SAMPLE_BYTES;

export const RAW_ENCODINGS = Object.keys(RAW_SAMPLE_BYTES) as readonly RawEncoding[];

/** Format of headerless audio. Ignored where the bytes have a header. */
export interface RawFormat {
  readonly encoding: RawEncoding;
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** Which part of a recording is used; by default all of its audio tracks and all of their channels, mixed. */
export interface AudioSelection {
  /** One audio track, counted from 1 among the audio tracks of the file. */
  readonly track?: number | undefined;
  /** One channel, counted from 1; of the first track where `track` is not given. */
  readonly channel?: number | undefined;
}

interface SourceDescription extends AudioSelection {
  /** Name of the recording in answers; it never enters a log. */
  readonly label?: string;
  readonly rawFormat?: RawFormat;
}

/** Where a finished recording comes from. */
export type RecordingSource =
  | (SourceDescription & { readonly kind: 'file'; readonly path: string })
  | (SourceDescription & { readonly kind: 'bytes'; readonly bytes: Uint8Array })
  | (SourceDescription & { readonly kind: 'stream'; readonly stream: AsyncIterable<Uint8Array> });

/** Limits on one recording. Exceeding them is AUDIO_TOO_LARGE, AUDIO_TOO_LONG or AUDIO_DECODE_TIMEOUT. */
export interface RecordingLimits {
  readonly maxBytes: number;
  readonly maxDurationMs: number;
  readonly maxDecodeMs: number;
}
