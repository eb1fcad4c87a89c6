/** Rate of every frame after the audio stage; the networks were trained on it. */
export const ENGINE_SAMPLE_RATE_HZ = 16_000;

/** Mono PCM. Plain data: survives `cloneDeep` (wires) and `postMessage` (workers). */
export interface AudioFrame {
  /** Amplitudes in [-1, 1], shape (n,). */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRateHz: number;
  /** Index of `samples[0]` since the stream began. The only clock; seconds are derived from it. */
  readonly startSample: number;
}

/** Half-open span of samples on the engine's clock. */
export interface SampleSpan {
  readonly startSample: number;
  readonly endSample: number;
}
