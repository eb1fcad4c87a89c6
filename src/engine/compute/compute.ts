import type { SampleSpan } from '../../core/audioFrame.js';
import type { RuntimeReport } from '../../core/runtimeReport.js';
import type { VoicesInput, VoicesResult } from '../../identity/resolveVoices.js';
import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { SpeechQuality } from '../../speech/quality.js';

/** What the voice-activity network remembers between two blocks of one stream. Plain data, opaque to callers. */
export interface VadState {
  /** Recurrent state, shape (2 * 128,). */
  readonly recurrent: Float32Array<ArrayBuffer>;
  /** The last 64 samples before the block. */
  readonly context: Float32Array<ArrayBuffer>;
}

/** The next block of one live stream, 128 ms or more. */
export interface LiveBlock {
  /** Mono 16 kHz, whole hops of 512 samples. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Undefined starts the stream, or restarts it after a gap. */
  readonly state: VadState | undefined;
}

/** A segment of speech and the windows to embed in it; windows are relative to `samples` and at least 500 ms long. */
export interface SpeechAudio {
  /** Mono 16 kHz, amplitudes in [-1, 1], shape (n,). */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly windows: readonly SampleSpan[];
}

/**
 * Everything that costs CPU, off the event loop. The one adapter is WorkerCompute (worker threads);
 * the port leaves room for a child process. Arrays handed in are copied or transferred: do not use them afterwards.
 */
export interface Compute extends AsyncDisposable {
  readonly model: SpeakerModel;
  /** Calls that are worked on at a time. */
  readonly threads: number;
  /** What the networks run in. Throws CONFIG_INVALID. */
  readonly runtime: RuntimeReport['runtime'];
  /** Speaker activity in each frame; undefined where no segmentation model is used. */
  readonly segmentation?: SegmentationModel | undefined;
  /** Speech probability 0..1 of every whole 512-sample hop (32 ms) of `samples`; `state` undefined starts a stream. */
  detectSpeech(
    samples: Float32Array<ArrayBuffer>,
    state: VadState | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly probabilities: Float32Array<ArrayBuffer>; readonly state: VadState }>;
  /** The same for blocks of several live streams in one go; answers in their order. */
  detectSpeechIn(
    blocks: readonly LiveBlock[],
    signal: AbortSignal,
  ): Promise<readonly { readonly probabilities: Float32Array<ArrayBuffer>; readonly state: VadState }[]>;
  /** Unit-norm embeddings, shape (windows, d), in the order of the spans and of the windows in each. */
  embed(spans: readonly SpeechAudio[], signal: AbortSignal): Promise<readonly Float32Array<ArrayBuffer>[]>;
  /** Noise, clipping and bandwidth of a recording (mono 16 kHz), given where speech is: in order, not overlapping. */
  measureQuality(
    samples: Float32Array<ArrayBuffer>,
    speech: readonly SampleSpan[],
    signal: AbortSignal,
  ): Promise<SpeechQuality>;
  /**
   * Who of three voices speaks in each 20-ms frame of one window of the segmentation model, 0..255, shape (frames, 3);
   * `samples` may be shorter than the window.
   */
  localVoices(samples: Float32Array<ArrayBuffer>, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Loads every model in one thread and has each answer once. Throws INFERENCE_UNAVAILABLE, INFERENCE_FAILED, MODEL_INVALID, CONFIG_INVALID. */
  tryModels(signal: AbortSignal): Promise<RuntimeReport>;
  /** Clusters, turns and names of one recording. */
  resolveVoices(input: VoicesInput, signal: AbortSignal): Promise<VoicesResult>;
}
