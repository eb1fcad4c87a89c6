import { VoicePrintsError } from '../../core/errors.js';
import { hasOpusDecoder } from './codecs/payloadDecoder.js';
import type { SipConfig, SipEndpoint } from './sipTypes.js';

/**
 * Opens a SIP endpoint: listens, and registers where an account is given. Aborting `signal` ends its calls, its
 * registration and its sockets within a second. Opus is left out where its decoder is not installed. Throws
 * SIP_LISTEN_FAILED, AUDIO_DECODER_MISSING (nothing but Opus was allowed), ABORTED.
 */
export async function openSip(config: SipConfig, { signal }: { readonly signal: AbortSignal }): Promise<SipEndpoint> {
  if (signal.aborted) throw new VoicePrintsError('ABORTED', 'the SIP endpoint was stopped before it was ready');
  const codecs = config.codecs.filter((codec) => codec !== 'opus' || hasOpusDecoder());
  if (codecs.length === 0) {
    const message = 'Opus cannot be decoded here; install the package opus-decoder, or allow another codec';
    throw new VoicePrintsError('AUDIO_DECODER_MISSING', message);
  }
  // Loaded only where SIP is used: sip.js takes a tenth of a second and some megabytes.
  const { ListeningTelephone } = await import('./calls/listeningTelephone.js');
  const telephone = new ListeningTelephone({ ...config, codecs });
  await telephone.open();
  const close = () => void telephone.close();
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  return telephone;
}
