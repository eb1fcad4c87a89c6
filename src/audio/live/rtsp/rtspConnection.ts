import { asVoicePrintsError, VoicePrintsError as LiveError, type VoicePrintsError } from '../../../core/errors.js';
import type { LiveFormat } from '../../../core/live.js';
import type { RtspSource } from '../../../core/liveSource.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { lost } from '../liveErrors.js';
import type { LauncherOptions } from '../pipeline/launcher.js';
import { output, type PipelinePart } from '../pipeline/pipeline.js';
import { pipelineAudio } from '../pipeline/pipelineAudio.js';
import { rtpLiveFormat } from '../rtp/rtpFormat.js';
import { RtspRelay } from './rtspRelay.js';

const LATENCY_MS = 200;

export interface RtspOptions extends LauncherOptions {
  /** Hosts of private networks that a redirect may lead to. */
  readonly allowHosts?: readonly string[];
}

type Transport = NonNullable<RtspSource['transport']>;

/** A camera or intercom over RTSP. */
export class RtspConnection implements LiveConnection {
  readonly firstDataMs = 20_000; // both transports
  readonly stallMs = 5_000;
  readonly #source: RtspSource;
  readonly #options: RtspOptions;
  #isNarrowBand: boolean | undefined;
  #format: LiveFormat | undefined;
  /** The one tried first; from the first success on, the one that works. */
  #transport: Transport;

  constructor(source: RtspSource, options: RtspOptions) {
    this.#source = source;
    this.#options = options;
    this.#transport = source.transport ?? 'tcp';
  }

  get isNarrowBand(): boolean | undefined {
    return this.#isNarrowBand;
  }

  get format(): LiveFormat | undefined {
    return this.#format;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const refusal = yield* this.#attempt(this.#transport, signal);
    const other = this.#transport === 'tcp' ? 'udp' : 'tcp';
    const again = yield* this.#attempt(other, signal);
    throw again ?? refusal;
  }

  /**
   * One try over one transport. Throws why it ended.
   *
   * @returns the refusal, where the device wants the other transport
   */
  async *#attempt(transport: Transport, signal: AbortSignal): AsyncGenerator<TimedSamples, VoicePrintsError> {
    await using relay = await RtspRelay.open(this.#source, this.#options.allowHosts ?? []);
    let isBlocked = false;
    const explain = (complaint: string) => {
      isBlocked = /Could not receive any UDP packets/i.test(complaint);
      return unsupported(complaint);
    };
    try {
      const { encoding, clockRateHz } = await relay.describe(signal);
      // G.722 counts 8,000 for 16,000 samples per second (RFC 3551, 4.5.2).
      if (clockRateHz !== undefined) this.#isNarrowBand = clockRateHz < 16_000 && encoding !== 'G722';
      if (encoding !== undefined) this.#format = rtpLiveFormat(encoding, clockRateHz);
      const parts = this.#pipeline(relay.location, transport, encoding === 'MP2T');
      for await (const piece of pipelineAudio({ parts, explain }, this.#options, signal)) {
        this.#transport = transport;
        yield piece;
      }
    } catch (thrown) {
      const error = asVoicePrintsError(thrown);
      const reason = error.code === 'LIVE_LOST' ? (relay.failure ?? error) : error;
      if (isBlocked || relay.isOtherTransportWanted) return reason;
      throw reason;
    }
    if (relay.isOtherTransportWanted && relay.failure) return relay.failure;
    throw relay.failure ?? lost('the device has ended the stream');
  }

  #pipeline(location: string, protocols: Transport, isTransportStream: boolean): readonly PipelinePart[] {
    const { latencyMs = LATENCY_MS } = this.#source;
    return [
      // Times by RTP alone ("none"): what comes late in a burst keeps its place.
      ['rtspsrc', { location, protocols, latency: latencyMs, 'buffer-mode': 'none' }],
      // The relay lets one track through; a transport stream may hold pictures as well.
      ['decodebin', { caps: 'audio/x-raw', 'expose-all-streams': 'false' }],
      ...output({ isPaced: false, isLossy: true, isClockEstimated: isTransportStream }),
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
