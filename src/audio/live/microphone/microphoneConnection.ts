import { asVoicePrintsError } from '../../../core/errors.js';
import type { MicrophoneSource } from '../../../core/liveSource.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { deviceUnavailable, lost, microphoneToolMissing } from '../liveErrors.js';
import type { LauncherOptions } from '../pipeline/launcher.js';
import { output, type PipelinePart } from '../pipeline/pipeline.js';
import { pipelineAudio } from '../pipeline/pipelineAudio.js';

type System = 'pulse' | 'alsa';

/** 1.1 s pass before the first sample by default; these are .3 s. */
const SOURCES: Readonly<Record<System, readonly [element: string, properties: Record<string, number>]>> = {
  pulse: ['pulsesrc', { 'buffer-time': 200_000, 'latency-time': 20_000 }],
  alsa: ['alsasrc', { 'buffer-time': 200_000, 'latency-time': 20_000 }],
};

/** An input of this machine's sound system. */
export class MicrophoneConnection implements LiveConnection {
  readonly firstDataMs = 10_000;
  readonly stallMs = 5_000;
  readonly isNarrowBand = false;
  readonly #source: MicrophoneSource;
  readonly #options: LauncherOptions;

  constructor(source: MicrophoneSource, options: LauncherOptions) {
    this.#source = source;
    this.#options = options;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const { system } = this.#source;
    if (system) return yield* this.#record(system, signal);
    let hasBegun = false;
    try {
      for await (const piece of this.#record('pulse', signal)) {
        hasBegun = true;
        yield piece;
      }
    } catch (thrown) {
      if (hasBegun || signal.aborted) throw thrown;
    }
    if (!hasBegun) yield* this.#record('alsa', signal); // no sound server answers: the card itself may
  }

  async *#record(system: System, signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const { device } = this.#source;
    const [element, properties] = SOURCES[system];
    const parts: readonly PipelinePart[] = [
      [element, device === undefined ? properties : { ...properties, device }],
      ...output({ isPaced: false, isLossy: true }),
    ];
    try {
      yield* pipelineAudio({ parts, explain: deviceUnavailable, failsEarly: true }, this.#options, signal);
    } catch (thrown) {
      const error = asVoicePrintsError(thrown);
      throw error.code === 'AUDIO_DECODER_MISSING' ? microphoneToolMissing() : thrown;
    }
    throw lost('the microphone has ended');
  }
}
