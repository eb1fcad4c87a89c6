import { resolve } from 'node:path';
import { z } from 'zod';
import { VoicePrintsError } from '../../src/index.js';
import {
  type Credentials,
  type LiveSource,
  type RtpFormat,
  readTlsFiles,
  SIP_CODECS,
  type SipConfig,
  splitCredentials,
  type UdpSource,
} from '../../src/live.js';
import { checkbox, field, text } from '../shared/settings.js';

/** Kinds of live sources, as the dialog offers them. */
export const LIVE_MODES = ['rtsp', 'http', 'rtp', 'udp', 'sip', 'microphone', 'liveFile', 'pcm'] as const;
export type LiveMode = (typeof LIVE_MODES)[number];

const port = (fallback: number) => field(z.coerce.number().int().min(0).max(65_535).default(fallback));
const optionalMs = (most: number) => field(z.coerce.number().int().min(0).max(most).optional());

/** Settings of live sources; those of other kinds stay as they are, so that a change of mind loses nothing. */
export const liveShape = {
  isAutostart: checkbox.describe('Starts with each deploy'),
  isShared: checkbox.describe('One of several Node-REDs listens: which one, their database decides'),
  store: text.describe('Of a shared source: the store whose database it is'),
  site: text.describe('Name of the place; empty: the site of the identify speakers node'),
  url: text,
  urlType: text,
  transport: z.enum(['tcp', 'udp']).default('tcp'),
  latencyMs: optionalMs(10_000).describe('Wait for late packets'),
  isLooped: checkbox,
  rtpBy: z.enum(['port', 'sdp', 'sdpFile']).default('port'),
  rtpAddress: field(z.string().default('0.0.0.0')),
  rtpPort: port(5004),
  rtpEncoding: z.enum(['PCMU', 'PCMA', 'G722', 'OPUS', 'L16', 'MP2T']).default('PCMU'),
  rtpClockRateHz: field(z.coerce.number().int().min(4_000).max(192_000).optional()),
  rtpPayloadType: field(z.coerce.number().int().min(0).max(127).optional()),
  sdp: text,
  udpAddress: field(z.string().default('0.0.0.0')),
  udpPort: port(6055),
  udpSenders: text.describe(
    'Voice satellites that are accepted, `ADDRESS` or `ADDRESS=SITE`, separated by commas; empty: all',
  ),
  device: text.describe('`pulse:NAME` or `alsa:NAME`; empty: the default microphone'),
  sipAddress: field(z.string().default('0.0.0.0')),
  sipPort: port(5060),
  sipPublicAddress: text,
  sipRegistrar: text.describe('Empty: calls to this machine are accepted without registering'),
  sipUser: text,
  sipAuthUser: text,
  sipTarget: text.describe('Called when the source starts'),
  sipFrom: text.describe('Callers that are answered, separated by commas; empty: all'),
  sipSrtp: z.enum(['off', 'optional', 'required']).default('optional'),
  sipTransport: z.enum(['udp', 'tcp', 'tls']).default('udp').describe('tls: everything, on the port that is set'),
  sipCertificate: text.describe('PEM file, of this telephone; needed to be called over TLS without an exchange'),
  sipKey: text.describe('PEM file; its password comes from VOICE_PRINTS_TLS_KEY_PASSWORD'),
  sipClientCertificates: checkbox.describe('Who connects has to show a certificate'),
  sipEarlyMedia: checkbox.describe('Audio before a call made from here is answered counts, too'),
  tlsAuthorities: text.describe('PEM file: authorities of the certificate; empty: the public ones'),
  tlsFingerprint: text.describe('SHA-256 of the one certificate that is accepted'),
  sipMaxCalls: field(z.coerce.number().int().min(1).max(1_000).default(20)),
  rtpPortMin: port(0),
  rtpPortMax: port(0),
};

export const liveDefaults = {
  isAutostart: true,
  site: '',
  url: '',
  urlType: 'str',
  transport: 'tcp',
  isLooped: false,
  rtpBy: 'port',
  rtpEncoding: 'PCMU',
  sdp: '',
  udpSenders: '',
  device: '',
  sipPublicAddress: '',
  sipRegistrar: '',
  sipUser: '',
  sipAuthUser: '',
  sipTarget: '',
  sipFrom: '',
  sipSrtp: 'optional',
};

/** Of settings that later versions added. */
export const secureDefaults = {
  sipTransport: 'udp',
  sipCertificate: '',
  sipKey: '',
  sipClientCertificates: false,
  sipEarlyMedia: false,
  tlsAuthorities: '',
  tlsFingerprint: '',
};

/** Of the settings by which several Node-REDs share a source. */
export const sharedDefaults = { isShared: false, store: '' };

const schema = z.object(liveShape);
/** With the kind of source they are for. */
export type LiveSettings = z.output<typeof schema> & { readonly mode?: string };

/** What the editor keeps apart from the flow. */
export interface SourceCredentials {
  readonly user?: string;
  readonly password?: string;
}

/** The address of a camera or radio without user and password, and these: the fields' own win. Throws INPUT_INVALID. */
export function addressOf(given: string, own: SourceCredentials = {}): { url: string; credentials?: Credentials } {
  const { url, credentials } = splitCredentials(given);
  const user = own.user || credentials?.user || '';
  const password = own.password || credentials?.password || '';
  return { url, ...(user !== '' && { credentials: { user, password } }) };
}

/** An RTP stream as the settings describe it. */
export function rtpSourceOf(settings: LiveSettings): LiveSource {
  const { rtpBy: by, rtpAddress: address, rtpPort, rtpClockRateHz, rtpPayloadType, latencyMs } = settings;
  const format: RtpFormat = {
    encoding: settings.rtpEncoding,
    ...(rtpClockRateHz !== undefined && { clockRateHz: rtpClockRateHz }),
    ...(rtpPayloadType !== undefined && { payloadType: rtpPayloadType }),
  };
  const waiting = latencyMs === undefined ? {} : { latencyMs };
  if (by === 'sdp') return { kind: 'rtp', description: { by, sdp: settings.sdp }, ...waiting };
  if (by === 'sdpFile') return { kind: 'rtp', description: { by, path: settings.sdp.trim() }, ...waiting };
  return { kind: 'rtp', description: { by, address, port: rtpPort, format }, ...waiting };
}

/** Voice satellites as the settings describe them: the port, and the site of each sender that is named. */
export function udpSourceOf({ udpAddress: address, udpPort: port, udpSenders }: LiveSettings): {
  readonly source: UdpSource;
  /** Site by address, empty where none is given; undefined: every sender is heard. */
  readonly sites: ReadonlyMap<string, string> | undefined;
} {
  const named = udpSenders.split(',').flatMap((one): [string, string][] => {
    const [sender = '', ...site] = one.split('=');
    return sender.trim() === '' ? [] : [[sender.trim(), site.join('=').trim()]];
  });
  return { source: { kind: 'udp', address, port }, sites: named.length > 0 ? new Map(named) : undefined };
}

/** The microphone that was chosen in the dialog. */
export function microphoneOf({ device }: LiveSettings): LiveSource {
  const [, system, name] = /^(pulse|alsa):(.*)$/s.exec(device) ?? [];
  if (system === undefined) return { kind: 'microphone', ...(device !== '' && { device }) };
  return { kind: 'microphone', system: system as 'pulse' | 'alsa', ...(name && { device: name }) };
}

/** How long an account stays registered before it is renewed. */
const REGISTRATION_SECONDS = 300;
const MAX_CALL_MS = 12 * 3_600_000;
const NO_MEDIA_MS = 60_000;
const RING_MS = 60_000;

type Certificates = Awaited<ReturnType<typeof readTlsFiles>>;

/** The certificates of a camera, a radio or a telephone. Throws FILE_NOT_FOUND, FILE_UNREADABLE, CONFIG_INVALID. */
export function certificatesOf(settings: LiveSettings, env: NodeJS.ProcessEnv, folder = '.'): Promise<Certificates> {
  const { mode, tlsAuthorities, tlsFingerprint, sipTransport, sipCertificate, sipKey } = settings;
  const isTelephone = mode === 'sip';
  if (isTelephone && sipTransport !== 'tls') return Promise.resolve({});
  const whole = (path: string) => path && resolve(folder, path);
  return readTlsFiles({
    authorities: whole(tlsAuthorities),
    fingerprint: tlsFingerprint,
    ...(isTelephone && {
      certificate: whole(sipCertificate),
      key: whole(sipKey),
      passphrase: env.VOICE_PRINTS_TLS_KEY_PASSWORD,
    }),
  });
}

/** The SIP endpoint as the settings describe it. */
export function sipConfigOf(
  settings: LiveSettings,
  { password = '' }: SourceCredentials,
  certificates: Certificates,
): SipConfig {
  const { sipRegistrar: registrar, sipUser: user, sipAuthUser: authUser, sipPublicAddress: publicAddress } = settings;
  const allowed = settings.sipFrom
    .split(',')
    .map((caller) => caller.trim())
    .filter((caller) => caller !== '');
  if (registrar !== '' && user === '') {
    throw new VoicePrintsError('CONFIG_INVALID', 'a registrar needs an account; enter its user name in this node');
  }
  const { sipTransport: transport, sipClientCertificates: isClientCertificateRequired } = settings;
  if (transport === 'tls' && registrar === '' && !settings.sipTarget && !certificates.own) {
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      'who is to be called over TLS needs a certificate; enter its file, and that of its key, in this node',
    );
  }
  const account = {
    user,
    registrar,
    password,
    ...(authUser && { authUser }),
    expiresSeconds: REGISTRATION_SECONDS,
  };
  return {
    listenAddress: settings.sipAddress,
    listenPort: settings.sipPort,
    ...(publicAddress && { publicAddress }),
    ...(registrar && { account }),
    ...(transport === 'tls' ? { tls: { ...certificates, isClientCertificateRequired } } : { transport }),
    hearsEarly: settings.sipEarlyMedia,
    codecs: SIP_CODECS,
    srtp: settings.sipSrtp,
    maxCalls: settings.sipMaxCalls,
    answer: allowed.length > 0 ? allowed : 'all',
    maxCallMs: MAX_CALL_MS,
    noMediaMs: NO_MEDIA_MS,
    ringMs: RING_MS,
    rtpPorts: { min: settings.rtpPortMin, max: settings.rtpPortMax },
  };
}
