import { type Session, type SessionDescriptionHandler, type URI, UserAgent } from 'sip.js';
import { VoicePrintsError } from '../../../core/errors.js';
import type { SipAccount, SipConfig } from '../sipTypes.js';
import { SipDigest } from './sipDigest.js';
import { protocolOf } from './sipMessage.js';
import { OWN_HOST, SipTransport, type SipTransportOptions } from './sipTransport.js';

const DEFAULT_USER = 'voice-prints';

/** A SIP address as sip.js has it. Throws CONFIG_INVALID. */
export function addressOf(text: string): URI {
  const uri = UserAgent.makeURI(/^sips?:/i.test(text) ? text : `sip:${text}`);
  if (!uri?.host || !['sip', 'sips'].includes(uri.scheme)) {
    throw new VoicePrintsError('CONFIG_INVALID', 'this is not a SIP address; write it as sip:user@host');
  }
  return uri;
}

/** An address to call. Throws CONFIG_INVALID, also where it is for TLS and the endpoint is not. */
export function calledAddress(text: string, { tls }: SipConfig): URI {
  const uri = addressOf(text);
  if (!tls && protocolOf(`INVITE ${uri}`) === 'TLS') {
    const message = 'this address is called over TLS; set up the endpoint for TLS (sips), or write it as sip:';
    throw new VoicePrintsError('CONFIG_INVALID', message);
  }
  return uri;
}

/** The address of an account's registrar: its host, and its port where that is given. */
export const registrarOf = ({ registrar }: SipAccount): URI => addressOf(registrar.replace(/^sips:/i, 'sip:'));

function ownAddress(account: SipAccount | undefined): URI {
  if (!account) return addressOf(`${DEFAULT_USER}@${OWN_HOST}`);
  const { host, port } = registrarOf(account);
  const address = addressOf(port === undefined ? host : `${host}:${port}`);
  address.user = account.user;
  return address;
}

/** sip.js with our transport, and our own media handling. Silent: its log would contain callers. */
export function createUserAgent(
  config: SipConfig,
  mediaOf: (session: Session) => SessionDescriptionHandler,
): { readonly userAgent: UserAgent; readonly transport: SipTransport } {
  const { account, listenAddress, listenPort, publicAddress, transport: by = 'udp', tls } = config;
  const transportOptions: SipTransportOptions = { listenAddress, listenPort, publicAddress, transport: by, tls };
  const userAgent = new UserAgent({
    uri: ownAddress(account),
    viaHost: OWN_HOST,
    forceRport: true,
    contactParams: { transport: 'udp' },
    transportConstructor: SipTransport,
    transportOptions,
    sessionDescriptionHandlerFactory: mediaOf,
    sendInitialProvisionalResponse: false,
    sipExtensionExtraSupported: ['timer'],
    gracefulShutdown: false,
    logBuiltinEnabled: false,
    logConfiguration: false,
    logLevel: 'error',
    userAgentString: DEFAULT_USER,
  });
  const transport = userAgent.transport as SipTransport;
  transport.contactUser = userAgent.contact.uri.user ?? '';
  answerOnlyOwn(userAgent, account);
  return { userAgent, transport };
}

/**
 * sip.js answers every challenge with a digest of the password, from which it could be guessed offline.
 * Only the account's registrar gets one, and only for its realm where that is known.
 */
function answerOnlyOwn(userAgent: UserAgent, account: SipAccount | undefined): void {
  const { configuration } = userAgent.userAgentCore;
  const { loggerFactory } = userAgent.userAgentCore;
  configuration.authenticationFactory = () => {
    if (!account) return undefined;
    const digest = new SipDigest(loggerFactory, account.authUser ?? account.user, account.password);
    const registrar = registrarOf(account).host.toLowerCase();
    const authenticate = digest.authenticate.bind(digest);
    digest.authenticate = (request, challenge) => {
      const isOurs = account.realm === undefined || challenge.realm === account.realm;
      const isRegistrar = request.ruri?.host.toLowerCase() === registrar;
      return isOurs && isRegistrar && authenticate(request, challenge);
    };
    return digest;
  };
}
