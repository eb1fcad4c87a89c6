import { ENGINE_SAMPLE_RATE_HZ } from './audioFrame.js';
import { VoicePrintsError } from './errors.js';
import type { Credentials, LiveSource, MicrophoneSource, RtpFormat, RtpSource, UdpSource } from './liveSource.js';
import { present } from './present.js';
import { RAW_ENCODINGS } from './recording.js';

const invalid = (what: string): VoicePrintsError => new VoicePrintsError('INPUT_INVALID', what);

const ENCODINGS: readonly RtpFormat['encoding'][] = ['PCMU', 'PCMA', 'G722', 'OPUS', 'L16', 'MP2T'];

/**
 * A live source from one line of text:
 *
 * - `rtsp://user:password@host/path` (`rtsps://` over TLS; `rtspu://` selects UDP, `rtspt://` TCP)
 * - `http://…`, `https://…`: web radio, Icecast, HLS
 * - `rtp://0.0.0.0:5004?encoding=PCMU` (`&rate=`, `&channels=`, `&payload=`, `&latency=`, or `?caps=application/x-rtp,…`)
 * - `rtp:file.sdp`
 * - `udp:6055`, `udp:0.0.0.0:6055`: samples of voice satellites, s16le at 16 kHz (`?encoding=`, `&rate=`, `&channels=`, `&from=`)
 * - `udp://0.0.0.0:1234`: an MPEG transport stream, in RTP or without
 * - `mic:`, `mic:pulse/NAME`, `mic:alsa/hw:0`
 * - `-`: samples on standard input
 * - anything else: the path of a file
 *
 * User and password are removed from the address. Throws INPUT_INVALID, never with the text in its message.
 */
export function parseLiveSource(text: string): LiveSource {
  const given = text.trim();
  if (given === '') throw invalid('the source is empty; give an address, a file, "mic:" or "-"');
  if (given === '-') return { kind: 'stdin' };
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]+):/i.exec(given) ?? []; // one letter is a drive
  switch (scheme.toLowerCase()) {
    case 'rtsp':
    case 'rtsps':
    case 'rtspt':
    case 'rtspu':
      return parseRtsp(given, scheme.toLowerCase());
    case 'http':
    case 'https':
      return { kind: 'http', ...splitCredentials(given) };
    case 'rtp':
      return parseRtp(given);
    case 'udp':
      if (!/^udp:\/\//i.test(given)) return parseUdp(given);
      return parseRtp(given.replace(/^udp:\/\/@?/i, 'rtp://'), 'MP2T');
    case 'mic':
      return parseMicrophone(given.slice(4));
    case 'file':
      return { kind: 'file', path: filePath(given) };
    default:
      if (/^[a-z][a-z0-9+.-]+:\/\//i.test(given)) {
        throw invalid(
          'addresses of this kind are not known; use rtsp, rtsps, http, https, rtp, udp or mic, or for calls sip or sips',
        );
      }
      return { kind: 'file', path: given };
  }
}

/** The address without user and password, which precede the last "@" of the authority. Throws INPUT_INVALID. */
export function splitCredentials(address: string): { readonly url: string; readonly credentials?: Credentials } {
  const [, start = '', secret, rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#]*)@)?(.*)$/i.exec(address) ?? [];
  const url = `${start}${rest}`;
  if (!URL.canParse(url) || new URL(url).hostname === '') {
    throw invalid('the address cannot be read; write it as scheme://host:port/path');
  }
  if (secret === undefined) return { url };
  const colon = secret.indexOf(':');
  const [user, password] = colon < 0 ? [secret, ''] : [secret.slice(0, colon), secret.slice(colon + 1)];
  return { url, credentials: { user: unescaped(user), password: unescaped(password) } };
}

/** An unencoded password may contain a percent sign. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseRtsp(text: string, scheme: string): LiveSource {
  const address = splitCredentials(text.replace(/^rtsp[tu]:/i, 'rtsp:'));
  if (scheme === 'rtspu') return { kind: 'rtsp', ...address, transport: 'udp' };
  return scheme === 'rtspt' ? { kind: 'rtsp', ...address, transport: 'tcp' } : { kind: 'rtsp', ...address };
}

function parseRtp(text: string, usual?: RtpFormat['encoding']): RtpSource {
  if (!/^rtp:\/\//i.test(text)) {
    const path = text.slice(4);
    if (path === '') throw invalid('rtp: needs an SDP file, or an address as in rtp://0.0.0.0:5004?encoding=PCMU');
    return { kind: 'rtp', description: { by: 'sdpFile', path } };
  }
  const { hostname, port, searchParams: options } = new URL(splitCredentials(text).url);
  if (port === '') throw invalid('rtp:// needs a port, as in rtp://0.0.0.0:5004?encoding=PCMU');
  const caps = options.get('caps');
  const format = caps
    ? rtpFormatOfCaps(caps)
    : rtpFormatOf((name) => options.get(name) ?? (name === 'encoding' ? usual : undefined));
  const address = hostname.replace(/^\[|\]$/g, '');
  const latencyMs = whole(options.get('latency') ?? undefined, 'latency');
  const description = { by: 'port', address, port: Number(port), format } as const;
  return { kind: 'rtp', description, ...present({ latencyMs }) };
}

function parseUdp(text: string): UdpSource {
  const [, address = '0.0.0.0', port, query = ''] =
    /^udp:(?:(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):)?(\d{1,5})(?:\?(.*))?$/i.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw invalid('voice satellites are udp:PORT or udp:ADDRESS:PORT; udp://ADDRESS:PORT is an MPEG transport stream');
  }
  const options = new URLSearchParams(query);
  const from = options.get('from') ?? undefined;
  const given = options.get('encoding') ?? 's16le';
  const encoding = RAW_ENCODINGS.find((one) => one === given.toLowerCase());
  if (!encoding) throw invalid(`the samples need an encoding that is known: ${RAW_ENCODINGS.join(', ')}`);
  const sampleRateHz = whole(options.get('rate') ?? undefined, 'rate') ?? ENGINE_SAMPLE_RATE_HZ;
  const channels = whole(options.get('channels') ?? undefined, 'channels') ?? 1;
  const place = { address: address.replace(/^\[|\]$/g, ''), port: Number(port) };
  return { kind: 'udp', ...place, rawFormat: { encoding, sampleRateHz, channels }, ...present({ from }) };
}

/** Caps as GStreamer writes them: `application/x-rtp,media=audio,encoding-name=(string)PCMU,…`. Throws INPUT_INVALID. */
export function rtpFormatOfCaps(caps: string): RtpFormat {
  const fields = new Map(
    caps
      .split(',')
      .map((field) => /^\s*([\w-]+)\s*=\s*(?:\(\w+\)\s*)?"?([^"]*?)"?\s*;?\s*$/.exec(field))
      .flatMap((match) => (match ? [[match[1]!, match[2]!] as const] : [])),
  );
  const names: Readonly<Record<string, string>> = {
    encoding: 'encoding-name',
    rate: 'clock-rate',
    channels: fields.has('channels') ? 'channels' : 'encoding-params',
    payload: 'payload',
  };
  return rtpFormatOf((name) => fields.get(names[name]!));
}

function rtpFormatOf(option: (name: 'encoding' | 'rate' | 'channels' | 'payload') => string | undefined): RtpFormat {
  const encoding = ENCODINGS.find((one) => one === option('encoding')?.toUpperCase());
  if (!encoding) throw invalid(`RTP needs an encoding that can be received: ${ENCODINGS.join(', ')}`);
  const clockRateHz = whole(option('rate'), 'rate');
  const channels = encoding === 'L16' ? whole(option('channels'), 'channels') : undefined;
  const payloadType = whole(option('payload'), 'payload');
  return {
    encoding,
    ...present({ clockRateHz, channels, payloadType }),
  };
}

function whole(text: string | undefined, name: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw invalid(`${name} must be a whole number`);
  return number;
}

function parseMicrophone(text: string): MicrophoneSource {
  if (text === '') return { kind: 'microphone' };
  const [, system, device = ''] = /^(pulse|alsa)(?:\/(.*))?$/.exec(text) ?? [];
  if (system !== 'pulse' && system !== 'alsa') {
    throw invalid('a microphone is mic:, mic:pulse/NAME or mic:alsa/NAME');
  }
  return device === '' ? { kind: 'microphone', system } : { kind: 'microphone', system, device };
}

function filePath(text: string): string {
  if (!URL.canParse(text)) throw invalid('the file address cannot be read; give a path');
  return unescaped(new URL(text).pathname);
}
