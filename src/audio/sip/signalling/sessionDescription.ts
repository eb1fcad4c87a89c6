import { parse, type SessionDescription, write } from 'sdp-transform';
import { type CryptoOffer, cryptoOffers, type SrtpKey, srtpAttribute } from '../rtp/srtpKey.js';
import { SIP_CODECS, type SipCodec, type SipConfig } from '../sipTypes.js';

/** What a side of a call wants or grants; the SDP of others reduced to what matters here. */
export interface RemoteMedia {
  /** Where its audio comes from, if it comes from where it is received. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** What it does: `sendonly` and `inactive` in the middle of a call are hold. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Payload types of the codecs known here, in its order. */
  readonly codecs: readonly { readonly codec: SipCodec; readonly payloadType: number }[];
  readonly keyPresses: readonly { readonly payloadType: number; readonly clockHz: number }[];
  readonly crypto: readonly CryptoOffer[];
  readonly isRtcpMuxed: boolean;
  /** All media, so that an answer can turn down those that are not ours. */
  readonly media: SessionDescription['media'];
  /** Position of the audio among them. */
  readonly index: number;
}

/** What both sides agreed on. */
export interface Agreement {
  readonly codec: SipCodec;
  readonly payloadType: number;
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
/** More is no description of a call. */
const MAX_MEDIA = 16;
const PROTOCOLS = /^RTP\/S?AVPF?$/;

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Undefined where there is no audio that could be understood. */
export function readDescription(sdp: string): RemoteMedia | undefined {
  const session = parse(sdp);
  if (!Array.isArray(session.media) || session.media.length > MAX_MEDIA) return undefined;
  const index = session.media.findIndex(
    ({ type, port, protocol }) => type === 'audio' && port > 0 && PROTOCOLS.test(protocol),
  );
  const audio = session.media[index];
  const address = audio?.connection?.ip ?? session.connection?.ip;
  if (!audio || !address) return undefined;
  const types = String(audio.payloads ?? '')
    .split(' ')
    .map(Number);
  const named = types.map((payloadType) => {
    const map = audio.rtp?.find(({ payload }) => payload === payloadType);
    return { payloadType, name: map?.codec ?? STATIC_TYPES[payloadType] ?? '', clockHz: map?.rate ?? 8_000 };
  });
  return {
    address,
    port: audio.port,
    protocol: audio.protocol,
    // The way of holding before RFC 3264.
    direction: address === '0.0.0.0' ? 'inactive' : (audio.direction ?? session.direction ?? 'sendrecv'),
    codecs: named.flatMap(({ payloadType, name }) => {
      const codec = SIP_CODECS.find((known) => sameName(known, name));
      return codec ? [{ codec, payloadType }] : [];
    }),
    keyPresses: named.filter(({ name }) => sameName(name, 'telephone-event')),
    crypto: cryptoOffers(audio.crypto ?? []),
    isRtcpMuxed: audio.rtcpMux !== undefined,
    media: session.media,
    index,
  };
}

/** Undefined where the two sides share no codec, or not the encryption that is asked for. */
export function agreeOn(remote: RemoteMedia, config: Pick<SipConfig, 'codecs' | 'srtp'>): Agreement | undefined {
  const chosen = config.codecs
    .map((wanted) => remote.codecs.find(({ codec }) => codec === wanted))
    .find((common) => common !== undefined);
  const crypto = config.srtp === 'off' ? undefined : remote.crypto[0];
  const mustEncrypt = config.srtp === 'required' || remote.protocol.startsWith('RTP/S');
  if (!chosen || (mustEncrypt && !crypto)) return undefined;
  return { ...chosen, keyPresses: remote.keyPresses, crypto, remote };
}

const OPUS_WISHES = 'maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1';

type AudioPart = SessionDescription['media'][number];

function audioPart(local: LocalMedia, codecs: readonly { codec: SipCodec; payloadType: number }[]): AudioPart {
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
export function writeOffer(local: LocalMedia, { codecs, srtp }: Pick<SipConfig, 'codecs' | 'srtp'>): string {
  const part = audioPart(
    local,
    codecs.map((codec) => ({ codec, payloadType: OWN_TYPES[codec] })),
  );
  if (srtp !== 'off') part.crypto = [srtpAttribute(local.key, 1)];
  if (srtp === 'required') part.protocol = 'RTP/SAVP';
  const clocks = codecs.includes('opus') ? [8_000, 48_000] : [8_000];
  addKeyPresses(
    part,
    clocks.map((clockHz, i) => ({ payloadType: 101 + i, clockHz })),
  );
  return written(local, [part]);
}

/** Our answer to an offer: every part of it answered, those that are not ours with port 0. */
export function writeAnswer(local: LocalMedia, { codec, payloadType, keyPresses, crypto, remote }: Agreement): string {
  const part = audioPart(local, [{ codec, payloadType }]);
  part.protocol = remote.protocol;
  part.direction = remote.direction === 'sendrecv' || remote.direction === 'sendonly' ? 'recvonly' : 'inactive';
  if (crypto) part.crypto = [srtpAttribute(local.key, crypto.id)];
  if (remote.isRtcpMuxed) part.rtcpMux = 'rtcp-mux';
  const clockHz = codec === 'opus' ? 48_000 : 8_000;
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
