import { VoicePrintsError } from '../core/errors.js';
import { present } from '../core/present.js';
import { type OwnCertificate, type ServerTrust, SIP_CODECS, type SipAccount, type SipConfig } from '../live.js';

const SIP_PORT = 5_060;
const SIPS_PORT = 5_061;
const MAX_CALL_MS = 12 * 3_600_000;
const NO_MEDIA_MS = 60_000;
const RING_MS = 60_000;
const REGISTRATION_SECONDS = 300;
/** Any free port. */
const ANY_PORT = { min: 0, max: 0 };

const FORMS =
  'sip:ADDRESS:PORT to be called there, sip:USER@REGISTRAR to register, or sip:call:USER@HOST to call (sips: over TLS)';

export const isSipLine = (text: string): boolean => /^sips?:/i.test(text);

/** A parsed `sip:` source of the command line. */
export interface SipLine {
  readonly config: SipConfig;
  readonly target?: string;
}

/** What the text of a line does not say. */
export interface SipLineOptions {
  readonly password: string;
  /** Certificates of a `sips:` line. */
  readonly trust?: ServerTrust | undefined;
  readonly own?: OwnCertificate | undefined;
  readonly isClientCertificateRequired?: boolean | undefined;
  /** By default required where we call over TLS, else where the other side offers it. */
  readonly srtp?: SipConfig['srtp'] | undefined;
  readonly hearsEarly?: boolean | undefined;
}

/**
 * `sip:0.0.0.0:5060` waits for calls to this machine, `sip:user@registrar` registers and waits, `sip:call:door@10.0.0.5`
 * calls; `sips:` does so over TLS. The text holds no password: command lines are visible to others. Throws USAGE.
 */
export function parseSipLine(text: string, options: SipLineOptions): SipLine {
  const isSecure = /^sips:/i.test(text);
  const { trust, own, isClientCertificateRequired = false, srtp, hearsEarly } = options;
  if (!isSecure && (trust || own || isClientCertificateRequired)) {
    throw new VoicePrintsError('USAGE', 'certificates are for SIP over TLS; write the line as sips:…');
  }
  const said = text.replace(/^sips?:/i, '');
  const ways = {
    ...(isSecure && { tls: { ...present({ trust, own }), isClientCertificateRequired } }),
    ...(/;transport=tcp$/i.test(said) && { transport: 'tcp' as const }),
    ...present({ srtp, hearsEarly }),
  };
  const target = /^call:([^@\s:]+@[\w.-]+(?::\d+)?(?:;transport=tcp)?)$/i.exec(said)?.[1];
  if (target) {
    const encrypted = isSecure ? { srtp: 'required' as const } : {};
    return {
      config: configOf({ listenPort: 0, ...encrypted, ...ways }),
      target: `${isSecure ? 'sips' : 'sip'}:${target}`,
    };
  }
  const [, user, registrar] = /^([^@\s:]+)@([\w.-]+(?::\d+)?(?:;transport=tcp)?)$/i.exec(said) ?? [];
  if (user && registrar) {
    return { config: configOf({ listenPort: 0, account: accountOf(user, registrar, options.password), ...ways }) };
  }
  const [, listenAddress, port] = /^(\d+\.\d+\.\d+\.\d+)(?::(\d{1,5}))?$/.exec(said) ?? [];
  if (!listenAddress || Number(port ?? 0) > 65_535)
    throw new VoicePrintsError('USAGE', `a SIP source is written as ${FORMS}`);
  if (isSecure && !own) {
    throw new VoicePrintsError('USAGE', 'who is to be called over TLS needs a certificate; give it, and its key');
  }
  return {
    config: configOf({ listenAddress, listenPort: Number(port ?? (isSecure ? SIPS_PORT : SIP_PORT)), ...ways }),
  };
}

const accountOf = (user: string, registrar: string, password: string): SipAccount => ({
  user,
  registrar,
  password,
  expiresSeconds: REGISTRATION_SECONDS,
});

const configOf = (own: Pick<SipConfig, 'listenPort'> & Partial<SipConfig>): SipConfig => ({
  listenAddress: '0.0.0.0',
  codecs: SIP_CODECS,
  srtp: 'optional',
  maxCalls: 1,
  answer: 'all',
  maxCallMs: MAX_CALL_MS,
  noMediaMs: NO_MEDIA_MS,
  ringMs: RING_MS,
  rtpPorts: ANY_PORT,
  ...own,
});
