/** What a decoder answers to bytes of a recording. */
export interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly unknown[];
}

/** What the three libraries have in common. */
export interface WasmDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Decoded | Promise<Decoded>;
}

const flac = async () => new (await import('@wasm-audio-decoders/flac')).FLACDecoder();

/** Recordings decoded without GStreamer, as `container/codec`. Each library is loaded when it is asked for. */
export const WASM_DECODERS: Readonly<Record<string, () => Promise<WasmDecoder>>> = {
  'flac/flac': flac,
  'ogg/flac': flac,
  'ogg/opus': async () => new (await import('ogg-opus-decoder')).OggOpusDecoder(),
  'mp3/mp3': async () => new (await import('mpg123-decoder')).MPEGDecoder(),
};
