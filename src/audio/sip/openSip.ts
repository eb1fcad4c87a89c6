import { VoicePrintsError } from '../../core/errors.js';
import { assertUsable } from '../../tls/secureConnection.js';
import type { SipConfig, SipEndpoint } from './sipTypes.js';

/**
 * Opens a SIP endpoint: listens, and registers where an account is given. Aborting `signal` ends its calls, its
 * registration and its sockets within a second. Throws SIP_LISTEN_FAILED, CONFIG_INVALID (certificates), ABORTED.
 */
export async function openSip(config: SipConfig, { signal }: { readonly signal: AbortSignal }): Promise<SipEndpoint> {
  if (signal.aborted) throw new VoicePrintsError('ABORTED', 'the SIP endpoint was stopped before it was ready');
  // Loaded only where SIP is used: sip.js takes a tenth of a second and some megabytes.
  const registrar = config.account?.registrar ?? '';
  if (!config.tls && /^sips:|;transport=tls\b/i.test(registrar)) {
    throw new VoicePrintsError('CONFIG_INVALID', 'this registrar is for TLS; set up the endpoint for TLS (sips)');
  }
  if (config.tls) assertUsable(config.tls.trust, config.tls.own);
  const { ListeningTelephone } = await import('./calls/listeningTelephone.js');
  const telephone = new ListeningTelephone(config);
  await telephone.open();
  const close = () => void telephone.close();
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  return telephone;
}
