import { VoicePrintsError } from '../core/errors.js';
import { SIP_CODECS, type SipAccount, type SipConfig } from '../live.js';

const SIP_PORT = 5_060;
const MAX_CALL_MS = 12 * 3_600_000;
const NO_MEDIA_MS = 60_000;
const RING_MS = 60_000;
const REGISTRATION_SECONDS = 300;
/** Any free port. */
const ANY_PORT = { min: 0, max: 0 };

const FORMS = 'sip:ADDRESS:PORT to be called there, sip:USER@REGISTRAR to register, or sip:call:USER@HOST to call';

/** A parsed `sip:` source of the command line. */
export interface SipLine {
  readonly config: SipConfig;
  readonly target?: string;
}

/**
 * `sip:0.0.0.0:5060` waits for calls to this machine, `sip:user@registrar` registers and waits, `sip:call:door@10.0.0.5`
 * calls. The text holds no password: command lines are visible to others. Throws USAGE.
 */
export function parseSipLine(text: string, password: string): SipLine {
  const said = text.replace(/^sip:/i, '');
  const target = /^call:([^@\s:]+@[\w.-]+(?::\d+)?)$/i.exec(said)?.[1];
  if (target) return { config: configOf({ listenPort: 0 }), target: `sip:${target}` };
  const registered = /^([^@\s:]+)@([\w.-]+(?::\d+)?)$/.exec(said);
  if (registered)
    return { config: configOf({ listenPort: 0, account: accountOf(registered[1]!, registered[2]!, password) }) };
  const [, listenAddress, port] = /^(\d+\.\d+\.\d+\.\d+)(?::(\d{1,5}))?$/.exec(said) ?? [];
  if (!listenAddress || Number(port ?? 0) > 65_535)
    throw new VoicePrintsError('USAGE', `a SIP source is written as ${FORMS}`);
  return { config: configOf({ listenAddress, listenPort: Number(port ?? SIP_PORT) }) };
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
