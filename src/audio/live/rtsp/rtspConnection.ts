import { asVoicePrintsError, VoicePrintsError as LiveError, type VoicePrintsError } from '../../../core/errors.js';
import type { RtspSource } from '../../../core/liveSource.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { lost } from '../liveErrors.js';
import type { LauncherOptions } from '../pipeline/launcher.js';
import { output, type PipelinePart } from '../pipeline/pipeline.js';
import { pipelineAudio } from '../pipeline/pipelineAudio.js';
import { RtspRelay } from './rtspRelay.js';

const LATENCY_MS = 200;

/** A camera or intercom over RTSP. */
export class RtspConnection implements LiveConnection {
  readonly firstDataMs = 15_000;
  readonly stallMs = 5_000;
  readonly #source: RtspSource;
  readonly #options: LauncherOptions;
  #isNarrowBand: boolean | undefined;

  constructor(source: RtspSource, options: LauncherOptions) {
    this.#source = source;
    this.#options = options;
  }

  get isNarrowBand(): boolean | undefined {
    return this.#isNarrowBand;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    await using relay = await RtspRelay.open(this.#source);
    const parts = this.#pipeline(relay.location);
    try {
      for await (const piece of pipelineAudio({ parts, explain: unsupported }, this.#options, signal)) {
        const { encoding, clockRateHz } = relay.audio;
        // G.722 counts 8,000 for 16,000 samples a second (RFC 3551, 4.5.2).
        if (clockRateHz !== undefined) this.#isNarrowBand = clockRateHz < 16_000 && encoding !== 'G722';
        yield piece;
      }
    } catch (thrown) {
      const error = asVoicePrintsError(thrown);
      throw error.code === 'LIVE_LOST' ? (relay.failure ?? error) : thrown;
    }
    throw relay.failure ?? lost('the device has ended the stream');
  }

  #pipeline(location: string): readonly PipelinePart[] {
    const { transport = 'tcp', latencyMs = LATENCY_MS } = this.#source;
    return [
      // Times by RTP alone ("none"): what comes late in a burst keeps its place.
      ['rtspsrc', { location, protocols: transport, latency: latencyMs, 'buffer-mode': 'none' }],
      'application/x-rtp,media=audio',
      'decodebin',
      ...output({ isPaced: false, isLossy: true }),
    ];
  }
}

function unsupported(complaint: string): VoicePrintsError | undefined {
  if (!/not-negotiated|missing a plug-in|no suitable|Could not determine type|unhandled/i.test(complaint))
    return undefined;
  return new LiveError(
    'AUDIO_FORMAT_UNSUPPORTED',
    'the device sends sound in a format that is not decoded here; choose AAC, G.711 or Opus in its settings',
  );
}
