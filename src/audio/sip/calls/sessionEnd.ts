import { type Invitation, Inviter, type Session, SessionState } from 'sip.js';
import { type IncomingResponse, SessionDialog } from 'sip.js/lib/core/index.js';
import { Timers } from 'sip.js/lib/core/timers.js';
import { guarded } from '../../../core/guarded.js';

/** Limit for informing the other side that a call is over. */
const GOODBYE_MS = 500;

/**
 * sip.js waits for the ACK of its answer even where the call is over, sends the answer again meanwhile, and throws from a
 * timer in the end. It waits no longer.
 *
 * @returns whether it waited
 */
export function acknowledged({ dialog }: Session): boolean {
  if (dialog?.sessionState !== 'AckWait') return false;
  Object.assign(dialog, { ackWait: false });
  return true;
}

/** Statuses of a call that the other side has forgotten, or that it does not answer. */
const GONE = new Set<number | undefined>([408, 481]);

/** An OPTIONS within the call (RFC 3261, 11 and 12.2.1.2); any other answer is a sign of life. */
export function askWhetherThere({ dialog, userAgent }: Session, gone: () => void): void {
  if (!(dialog instanceof SessionDialog)) return;
  const onReject = ({ message }: IncomingResponse) => {
    if (GONE.has(message.statusCode)) gone();
  };
  userAgent.userAgentCore.request(dialog.createOutgoingRequestMessage('OPTIONS'), { onReject });
}

/** BYE, CANCEL or a refusal, depending on the state of the session. */
export async function sayGoodbye(session: Invitation | Inviter): Promise<void> {
  const isEarly = session.state === SessionState.Initial || session.state === SessionState.Establishing;
  if (session.state === SessionState.Established) await bye(session);
  else if (isEarly && session instanceof Inviter) await cancel(session);
  else if (isEarly) await (session as Invitation).reject({ statusCode: 480 });
}

/** RFC 3261, 9.1: a call that is not answered even then is forgotten after 64 * T1; sip.js would keep it for ever. */
async function cancel(session: Inviter): Promise<void> {
  const { userAgentClients } = session.userAgent.userAgentCore;
  const { callId } = session.request;
  const forget = () => {
    for (const [id, client] of userAgentClients) {
      if (client.message.callId !== callId) continue;
      userAgentClients.delete(id);
      client.dispose();
    }
  };
  setTimeout(
    guarded(() => undefined, forget),
    Timers.TIMER_B,
  ).unref();
  await session.cancel();
}

function bye(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GOODBYE_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    session.bye({ requestDelegate: { onAccept: done, onRedirect: done, onReject: done } }).catch(done);
  });
}
