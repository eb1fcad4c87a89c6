import { RECONNECT, type ReconnectConfig } from '../../core/backoff.js';
import type { LiveAudio } from '../../core/live.js';
import type { LiveSource } from '../../core/liveSource.js';
import type { DecoderOptions } from '../decoding/decoding.js';
import { FilePlayback } from './filePlayback.js';
import { HttpConnection } from './http/httpConnection.js';
import type { LiveConnection } from './liveConnection.js';
import { MicrophoneConnection } from './microphone/microphoneConnection.js';
import { stdinAudio } from './microphone/stdinAudio.js';
import type { LauncherOptions } from './pipeline/launcher.js';
import { RtpConnection } from './rtp/rtpConnection.js';
import { RtspConnection } from './rtsp/rtspConnection.js';
import { SupervisedAudio } from './supervisedAudio.js';
import { UdpConnection } from './udp/udpConnection.js';

const STABLE_MS = 3_000;
const BUFFER_MS = 30_000;

/** What a live source is opened with. The defaults suit everyone but tests. */
export interface OpenLiveOptions extends LauncherOptions, DecoderOptions {
  /** Ends the source, its children and its sockets within a second. */
  readonly signal: AbortSignal;
  /** Audio held at most for a listener that is slow; beyond, the oldest is dropped and counted. 30,000 by default. */
  readonly bufferMs?: number;
  /**
   * Hosts (`name`, `name:port`) of private networks that redirects and playlists may lead to. The source's own address
   * may lie anywhere; what it refers to must be public, on the same machine, or listed here.
   */
  readonly allowHosts?: readonly string[];
  readonly backoff?: Partial<ReconnectConfig>;
  /** How long a source may be silent while it is open; by default what suits its kind. */
  readonly stallMs?: number;
  /** Where samples "on standard input" come from; this process's by default. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/**
 * A live source under supervision: it begins with the iteration, reconnects whenever it is lost, and never
 * throws: failures are states with a code. Its time line stays correct across loss and reconnects.
 */
export function openLive(source: LiveSource, options: OpenLiveOptions): LiveAudio {
  const { signal, bufferMs = BUFFER_MS, backoff, stdin = process.stdin } = options;
  if (source.kind === 'stdin') return stdinAudio(source, stdin, signal);
  const config = { backoff: { ...RECONNECT, ...backoff }, stableMs: STABLE_MS, bufferMs, stallMs: options.stallMs };
  return new SupervisedAudio(connectionOf(source, options), config, signal);
}

function connectionOf(source: Exclude<LiveSource, { kind: 'stdin' }>, options: OpenLiveOptions): LiveConnection {
  switch (source.kind) {
    case 'file':
      return new FilePlayback(source, options);
    case 'rtsp':
      return new RtspConnection(source, options);
    case 'http':
      return new HttpConnection(source, options);
    case 'rtp':
      return new RtpConnection(source, options);
    case 'udp':
      return new UdpConnection(source);
    case 'microphone':
      return new MicrophoneConnection(source, options);
  }
}
