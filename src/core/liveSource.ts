import type { RawFormat } from './recording.js';
import type { ServerTrust } from './serverTrust.js';

/** A file played in real time. */
export interface LiveFileSource {
  readonly kind: 'file';
  readonly path: string;
  /** Restarts at its end, forever; the time line continues. */
  readonly isLooped?: boolean;
  /** Of a file without a header. */
  readonly rawFormat?: RawFormat;
}

/** User name and password, kept separate from the address so that the address may be shown. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A camera or intercom: `rtsp://` or, over TLS, `rtsps://`. Its video is never fetched. */
export interface RtspSource {
  readonly kind: 'rtsp';
  /** Without user and password. */
  readonly url: string;
  readonly credentials?: Credentials;
  /** Of `rtsps://`. */
  readonly trust?: ServerTrust;
  /** `tcp` (default) passes firewalls and loses nothing; `udp` has slightly less delay. */
  readonly transport?: 'tcp' | 'udp';
  /** Wait for packets that are late or out of order; 200 by default. */
  readonly latencyMs?: number;
}

/** Web radio (Icecast, SHOUTcast), HLS, or any audio over HTTP. A finite resource is played in real time. */
export interface HttpSource {
  readonly kind: 'http';
  /** Without user and password. */
  readonly url: string;
  readonly credentials?: Credentials;
  /** Of `https://`, for the host of the address. */
  readonly trust?: ServerTrust;
}

/** What the packets of an RTP stream hold, as SDP and caps name it. */
export interface RtpFormat {
  /** `MP2T` is an MPEG transport stream, in RTP or in UDP without it. */
  readonly encoding: 'PCMU' | 'PCMA' | 'G722' | 'OPUS' | 'L16' | 'MP2T';
  /** Rate of the RTP clock; by default as in RFC 3551 and RFC 7587, and 16,000 for L16. */
  readonly clockRateHz?: number;
  /** Of L16; 1 by default. */
  readonly channels?: number;
  /** Packets of another payload type are ignored. Any by default. */
  readonly payloadType?: number;
}

/** RTP packets sent to this machine. */
export interface RtpSource {
  readonly kind: 'rtp';
  /** The format: given directly, as SDP text, or as an SDP file. */
  readonly description:
    | { readonly by: 'port'; readonly address: string; readonly port: number; readonly format: RtpFormat }
    | { readonly by: 'sdp'; readonly sdp: string }
    | { readonly by: 'sdpFile'; readonly path: string };
  /** Wait for packets that are late or out of order; 60 by default. */
  readonly latencyMs?: number;
}

/** A microphone, or whatever else the machine's sound system offers as an input. */
export interface MicrophoneSource {
  readonly kind: 'microphone';
  /** PulseAudio (PipeWire answers as such, too) or ALSA; by default PulseAudio where it answers, else ALSA. */
  readonly system?: 'pulse' | 'alsa';
  /** A name from `listMicrophones`; the system's default where omitted. */
  readonly device?: string;
}

/** Headerless samples on standard input, read as they arrive. */
export interface StdinSource {
  readonly kind: 'stdin';
  /** By default s16le, 16 kHz, mono. A leading WAV header takes precedence. */
  readonly rawFormat?: RawFormat;
}

/** Headerless samples in UDP datagrams, as voice satellites send them (Home Assistant Voice PE, Satellite1). */
export interface UdpSource {
  readonly kind: 'udp';
  /** Of this machine: `0.0.0.0` for all of its networks. */
  readonly address: string;
  readonly port: number;
  /** By default s16le, 16 kHz, mono. */
  readonly rawFormat?: RawFormat;
  /** Only what comes from this IP address. By default the first sender, until it has been silent for half a minute. */
  readonly from?: string;
}

/** Where live audio comes from. Plain data: survives a wire, a worker and a file. */
export type LiveSource =
  | LiveFileSource
  | RtspSource
  | HttpSource
  | RtpSource
  | UdpSource
  | MicrophoneSource
  | StdinSource;
