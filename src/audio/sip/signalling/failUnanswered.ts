import { TransactionState, TransportError, type UserAgentCore } from 'sip.js/lib/core/index.js';

/**
 * Requests that no answer came to, not even a provisional one, and whose connection is over, fail now and not after 32 s: over
 * TLS 1.3 a side that refuses our certificate says so only after the first request.
 */
export function failUnanswered(core: UserAgentCore, callIds: readonly string[]): void {
  for (const { message, transaction } of [...core.userAgentClients.values()]) {
    const isUnanswered =
      transaction.state === TransactionState.Calling || transaction.state === TransactionState.Trying;
    if (!isUnanswered || !callIds.includes(message.callId)) continue;
    (transaction as unknown as { onTransportError: (error: Error) => void }).onTransportError(new TransportError());
  }
}
