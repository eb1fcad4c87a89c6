import { VoicePrintsError } from '../../core/errors.js';
import type { SipConfig, SipEndpoint } from './sipTypes.js';

/**
 * Opens a SIP endpoint: listens, and registers where an account is given. Aborting `signal` ends its calls, its
 * registration and its sockets within a second. Throws SIP_LISTEN_FAILED, ABORTED.
 */
export async function openSip(config: SipConfig, { signal }: { readonly signal: AbortSignal }): Promise<SipEndpoint> {
  if (signal.aborted) throw new VoicePrintsError('ABORTED', 'the SIP endpoint was stopped before it was ready');
  // Loaded only where SIP is used: sip.js takes a tenth of a second and some megabytes.
  const { ListeningTelephone } = await import('./calls/listeningTelephone.js');
  const telephone = new ListeningTelephone(config);
  await telephone.open();
  const close = () => void telephone.close();
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  return telephone;
}
