import { isIPv4 } from 'node:net';
import { parse, type SessionDescription, write } from 'sdp-transform';
import { type CryptoOffer, cryptoOffers, type SrtpKey, srtpAttribute } from '../rtp/srtpKey.js';
import { SIP_CODECS, type SipCodec, type SipConfig } from '../sipTypes.js';

/** What a side of a call wants or grants; the SDP of others reduced to what matters here. */
export interface RemoteMedia {
  /** Where its audio comes from, if it comes from where it is received; undefined where that is no IPv4 address. */
  readonly address: string | undefined;
  /** The address for hold before RFC 3264: nothing is sent to it. */
  readonly isNowhere: boolean;
  readonly port: number;
  readonly protocol: string;
  /** What it does: `recvonly` and `inactive` are hold, `sendonly` may be. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Payload types of the codecs known here, in its order. */
  readonly codecs: readonly AudioFormat[];
  /** All payload types, those of codecs that are not known here included. */
  readonly payloadTypes: readonly number[];
  readonly comfortNoise: readonly number[];
  readonly keyPresses: readonly { readonly payloadType: number; readonly clockHz: number }[];
  readonly crypto: readonly CryptoOffer[];
  readonly isRtcpMuxed: boolean;
  /** All media, so that an answer can turn down those that are not ours. */
  readonly media: SessionDescription['media'];
  /** Position of the audio among them. */
  readonly index: number;
}

export interface AudioFormat {
  readonly codec: SipCodec;
  readonly payloadType: number;
}

/** What both sides agreed on. */
export interface Agreement {
  /** What may come, the likeliest first, at least one. A codec may have two payload types: theirs and ours. */
  readonly formats: readonly [AudioFormat, ...AudioFormat[]];
  readonly keyPresses: RemoteMedia['keyPresses'];
  readonly crypto: CryptoOffer | undefined;
  readonly remote: RemoteMedia;
}

/** Our side of a description. */
export interface LocalMedia {
  readonly address: string;
  readonly port: number;
  readonly sessionId: number;
  readonly version: number;
  readonly key: SrtpKey;
}

/** Payload types that need no `rtpmap` (RFC 3551, table 4). */
const STATIC_TYPES: Readonly<Record<number, SipCodec>> = { 0: 'PCMU', 8: 'PCMA', 9: 'G722' };
const OPUS_TYPE = 96;
const OWN_TYPES: Readonly<Record<SipCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9, opus: OPUS_TYPE };
const RTPMAPS: Readonly<Record<SipCodec, string>> = {
  PCMU: 'PCMU/8000',
  PCMA: 'PCMA/8000',
  G722: 'G722/8000',
  opus: 'opus/48000/2',
};
const OWN_KEY_PRESSES = [
  { payloadType: 101, clockHz: 8_000 },
  { payloadType: 102, clockHz: 48_000 },
] as const;
/** More is no description of a call, and would take long to look at. */
const MAX_MEDIA = 16;
const MAX_LINES = 250;
const MAX_PAYLOAD_TYPES = 64;
const MAX_PORT = 65_535;
const NOWHERE = '0.0.0.0';
const PROTOCOLS = /^RTP\/S?AVPF?$/;

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Undefined where there is no audio that could be understood. */
export function readDescription(sdp: string): RemoteMedia | undefined {
  if (sdp.split(/\r\n|\r|\n/, MAX_LINES + 1).length > MAX_LINES) return undefined;
  const session = parse(sdp);
  if (!Array.isArray(session.media) || session.media.length > MAX_MEDIA) return undefined;
  const index = session.media.findIndex(
    ({ type, port, protocol }) => type === 'audio' && port > 0 && port <= MAX_PORT && PROTOCOLS.test(`${protocol}`),
  );
  const audio = session.media[index];
  const connection = audio?.connection ?? session.connection;
  if (!audio || !connection || /^\d*$/.test(`${connection.ip}`)) return undefined; // a number is no address
  const types = `${audio.payloads ?? ''}`.trim().split(/ +/, MAX_PAYLOAD_TYPES).map(Number);
  // The parser makes numbers of whatever looks like one, names included.
  const maps = new Map((audio.rtp ?? []).map(({ payload, codec, rate }) => [payload, { codec: `${codec}`, rate }]));
  const named = types.map((payloadType) => {
    const map = maps.get(payloadType);
    return { payloadType, name: map?.codec ?? STATIC_TYPES[payloadType] ?? '', clockHz: map?.rate ?? 8_000 };
  });
  const address = `${connection.ip}`;
  return {
    address: isIPv4(address) && address !== NOWHERE ? address : undefined,
    port: audio.port,
    protocol: audio.protocol,
    isNowhere: address === NOWHERE,
    direction: audio.direction ?? session.direction ?? 'sendrecv',
    codecs: named.flatMap(({ payloadType, name }) => {
      const codec = SIP_CODECS.find((known) => sameName(known, name));
      return codec ? [{ codec, payloadType }] : [];
    }),
    payloadTypes: types,
    comfortNoise: named.filter(({ name }) => sameName(name, 'CN')).map(({ payloadType }) => payloadType),
    keyPresses: named.filter(({ name }) => sameName(name, 'telephone-event')),
    crypto: cryptoOffers((audio.crypto ?? []).slice(0, MAX_MEDIA)),
    isRtcpMuxed: audio.rtcpMux !== undefined,
    media: session.media,
    index,
  };
}

type Wishes = Pick<SipConfig, 'codecs' | 'srtp'>;

/**
 * What comes of their offer: the codec we like best of theirs, and only that. Undefined where the two sides share no
 * codec, or not the required encryption.
 */
export function agreeOnOffer(remote: RemoteMedia, config: Wishes): Agreement | undefined {
  const chosen = config.codecs
    .map((wanted) => remote.codecs.find(({ codec }) => codec === wanted))
    .find((common) => common !== undefined);
  return chosen && agreed(remote, config, [chosen], remote.keyPresses);
}

/**
 * What comes of their answer to our offer: they may send any codec they name, their first one most likely, and change at
 * will (RFC 3264, 6.1 and 7). The payload types are those of our offer; some answer with numbers of their own and use them.
 */
export function agreeOnAnswer(remote: RemoteMedia, config: Wishes): Agreement | undefined {
  const common = remote.codecs.filter(({ codec }) => config.codecs.includes(codec));
  const isFree = (payloadType: number) => !remote.payloadTypes.includes(payloadType);
  const own = common.map(({ codec }) => ({ codec, payloadType: OWN_TYPES[codec] }));
  const [first, ...others] = [...common, ...own.filter(({ payloadType }) => isFree(payloadType))];
  const keyPresses = remote.keyPresses.flatMap((theirs) => {
    const ours = OWN_KEY_PRESSES.filter(
      ({ clockHz, payloadType }) => clockHz === theirs.clockHz && isFree(payloadType),
    );
    return [theirs, ...ours];
  });
  return first && agreed(remote, config, [first, ...others], keyPresses);
}

function agreed(
  remote: RemoteMedia,
  { srtp }: Wishes,
  formats: Agreement['formats'],
  keyPresses: RemoteMedia['keyPresses'],
): Agreement | undefined {
  const crypto = srtp === 'off' ? undefined : remote.crypto[0];
  const mustEncrypt = srtp === 'required' || remote.protocol.startsWith('RTP/S');
  return mustEncrypt && !crypto ? undefined : { formats, keyPresses, crypto, remote };
}

const OPUS_WISHES = 'maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1';

type AudioPart = SessionDescription['media'][number];

function audioPart(local: LocalMedia, codecs: readonly AudioFormat[]): AudioPart {
  const opus = codecs.find(({ codec }) => codec === 'opus');
  return {
    type: 'audio',
    port: local.port,
    protocol: 'RTP/AVP',
    payloads: '',
    connection: { version: 4, ip: local.address },
    rtp: codecs.map(({ codec, payloadType }) => {
      const [name = codec, rate, encoding] = RTPMAPS[codec].split('/');
      return {
        payload: payloadType,
        codec: name,
        rate: Number(rate),
        ...(encoding ? { encoding: Number(encoding) } : {}),
      };
    }),
    fmtp: opus ? [{ payload: opus.payloadType, config: OPUS_WISHES }] : [],
    ptime: 20,
    direction: 'recvonly',
  };
}

function addKeyPresses(part: AudioPart, keyPresses: Agreement['keyPresses']): void {
  for (const { payloadType, clockHz } of keyPresses) {
    part.rtp.push({ payload: payloadType, codec: 'telephone-event', rate: clockHz });
    part.fmtp.push({ payload: payloadType, config: '0-15' });
  }
  part.payloads = part.rtp.map(({ payload }) => payload).join(' ');
}

function written(local: LocalMedia, media: readonly AudioPart[]): string {
  const { address, sessionId, version } = local;
  return write({
    version: 0,
    origin: { username: '-', sessionId, sessionVersion: version, netType: 'IN', ipVer: 4, address },
    name: '-',
    connection: { version: 4, ip: address },
    timing: { start: 0, stop: 0 },
    media: [...media],
  });
}

/** What we would take, for a call we make (or one that comes without a description). */
export function writeOffer(local: LocalMedia, { codecs, srtp }: Wishes): string {
  const part = audioPart(
    local,
    codecs.map((codec) => ({ codec, payloadType: OWN_TYPES[codec] })),
  );
  if (srtp !== 'off') part.crypto = [srtpAttribute(local.key, 1)];
  if (srtp === 'required') part.protocol = 'RTP/SAVP';
  addKeyPresses(part, codecs.includes('opus') ? OWN_KEY_PRESSES : OWN_KEY_PRESSES.slice(0, 1));
  return written(local, [part]);
}

/** Our answer to an offer: every part of it answered, those that are not ours with port 0. */
export function writeAnswer(local: LocalMedia, { formats, keyPresses, crypto, remote }: Agreement): string {
  const [format] = formats;
  const part = audioPart(local, [format]);
  part.protocol = remote.protocol;
  part.direction = remote.direction === 'sendrecv' || remote.direction === 'sendonly' ? 'recvonly' : 'inactive';
  if (crypto) part.crypto = [srtpAttribute(local.key, crypto.id)];
  if (remote.isRtcpMuxed) part.rtcpMux = 'rtcp-mux';
  const clockHz = format.codec === 'opus' ? 48_000 : 8_000;
  const fitting = keyPresses.filter((one) => one.clockHz === clockHz);
  addKeyPresses(part, fitting.length > 0 ? fitting : keyPresses.slice(0, 1));
  const refused = ({ type, protocol, payloads }: AudioPart): AudioPart => ({
    type,
    port: 0,
    protocol,
    payloads: payloads ?? '0',
    rtp: [],
    fmtp: [],
  });
  return written(
    local,
    remote.media.map((offered, i) => (i === remote.index ? part : refused(offered))),
  );
}
