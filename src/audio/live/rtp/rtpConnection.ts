import { readFile } from 'node:fs/promises';
import { VoicePrintsError } from '../../../core/errors.js';
import type { LiveFormat } from '../../../core/live.js';
import type { RtpSource } from '../../../core/liveSource.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { lost, portUnavailable } from '../liveErrors.js';
import type { LauncherOptions } from '../pipeline/launcher.js';
import { output, type PipelinePart } from '../pipeline/pipeline.js';
import { pipelineAudio } from '../pipeline/pipelineAudio.js';
import {
  isNarrowBandRtp,
  isPacketFormat,
  type PacketFormat,
  rtpCaps,
  rtpDecoding,
  rtpLiveFormat,
} from './rtpFormat.js';
import { isGroup, type RtpPort, rtpPortOfSdp } from './rtpSdp.js';
import { transportStream } from './transportStream.js';

const LATENCY_MS = 60;

/** RTP packets sent to a port of this machine. Their beginning is unknown: it waits without a limit. */
export class RtpConnection implements LiveConnection {
  readonly stallMs = 5_000;
  readonly #source: RtpSource;
  readonly #options: LauncherOptions;
  #isNarrowBand: boolean | undefined;
  #format: LiveFormat | undefined;

  constructor(source: RtpSource, options: LauncherOptions) {
    this.#source = source;
    this.#options = options;
  }

  get isNarrowBand(): boolean | undefined {
    return this.#isNarrowBand;
  }

  get format(): LiveFormat | undefined {
    return this.#format;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const port = await described(this.#source);
    if (isPacketFormat(port.format)) yield* this.#packets(port, port.format, signal);
    else yield* this.#transportStream(port, signal);
    throw lost('the stream has ended');
  }

  async *#packets(port: RtpPort, format: PacketFormat, signal: AbortSignal): AsyncGenerator<TimedSamples> {
    this.#isNarrowBand = isNarrowBandRtp(format);
    this.#format = rtpLiveFormat(format.encoding, format.clockRateHz);
    const explain = (complaint: string) =>
      /bind|socket|address/i.test(complaint) ? portUnavailable(port.port) : undefined;
    const parts = this.#pipeline(port, format);
    yield* pipelineAudio({ parts, explain, failsEarly: true }, this.#options, signal);
  }

  async *#transportStream(port: RtpPort, signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const parts: readonly PipelinePart[] = [
      ['fdsrc', { fd: 0 }],
      ['decodebin', { caps: 'audio/x-raw', 'expose-all-streams': 'false' }],
      ...output({ isPaced: false, isLossy: true, isClockEstimated: true }),
    ];
    yield* pipelineAudio({ parts, input: transportStream(port, signal) }, this.#options, signal);
  }

  #pipeline({ address, port }: RtpPort, format: PacketFormat): readonly PipelinePart[] {
    const { latencyMs = LATENCY_MS } = this.#source;
    return [
      // A port that others have is an error rather than half of the packets; groups are there to be shared.
      ['udpsrc', { address, port, reuse: `${isGroup(address)}`, caps: rtpCaps(format) }],
      // Times by RTP alone; the defaults drop the time of lost packets, and every later one is wrong. Only Opus makes
      // use for reported losses, and the reported length is an estimate.
      ['rtpjitterbuffer', { latency: latencyMs, mode: 'none', 'do-lost': `${format.encoding === 'OPUS'}` }],
      ...rtpDecoding(format),
      ...output({ isPaced: false, isLossy: true }),
    ];
  }
}

async function described({ description }: RtpSource): Promise<RtpPort> {
  if (description.by === 'port') return description;
  if (description.by === 'sdp') return rtpPortOfSdp(description.sdp);
  const sdp = await readFile(description.path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT'
      ? new VoicePrintsError('FILE_NOT_FOUND', 'there is no such SDP file; check the path')
      : new VoicePrintsError('FILE_UNREADABLE', 'the SDP file cannot be read; check its kind and permissions');
  });
  return rtpPortOfSdp(sdp);
}
