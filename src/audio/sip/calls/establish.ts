import { type Inviter, SessionState } from 'sip.js';
import type { IncomingResponse } from 'sip.js/lib/core/index.js';
import { VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import { leastSeconds } from '../signalling/sessionExpires.js';
import type { ActiveCall } from './activeCall.js';
import { unanswered } from './callRefusal.js';

const TOO_BRIEF = 422;

/** The other side wants longer between two confirmations of a call (RFC 4028, 7.3). */
export class TooBriefError extends Error {
  readonly leastSeconds: number;

  constructor(seconds: number) {
    super('the session interval is too short');
    this.leastSeconds = seconds;
  }
}

export interface EstablishOptions {
  /** How long it may ring. */
  readonly ringMs: number;
  readonly signal: AbortSignal | undefined;
  /** What a final answer means, 0 without one. */
  readonly failureOf: (status: number) => VoicePrintsError;
}

/** Makes a call. Resolves once it is answered, or its audio is to be heard before. Throws TooBriefError and what became of it. */
export async function establish(inviter: Inviter, call: ActiveCall, options: EstablishOptions): Promise<void> {
  const { ringMs, signal, failureOf } = options;
  let status = 0;
  let least: number | undefined;
  let isEarly = false;
  void call.early.then(() => {
    isEarly = true;
  });
  const answered = new Promise<void>((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      if (!isEarly) reject(error);
      else if (error instanceof VoicePrintsError) call.refused(error);
      else call.fail();
    };
    const timer = setTimeout(
      guarded(fail, () => fail(unanswered())),
      ringMs,
    );
    const onAbort = () => fail(stoppedBefore());
    const failed = () => fail(least === undefined ? failureOf(status) : new TooBriefError(least));
    const changed = (state: SessionState) => {
      if (state === SessionState.Established) {
        settle();
        resolve();
      } else if (state === SessionState.Terminated) queueMicrotask(guarded(fail, failed)); // sip.js reports the status right after
    };
    inviter.stateChange.addListener(guarded(fail, changed));
    const note = ({ message }: IncomingResponse) => {
      status = message.statusCode ?? 0;
      least = status === TOO_BRIEF ? leastSeconds(message) : undefined;
    };
    const onAccept = (response: IncomingResponse) => call.answered(response);
    const requestDelegate = { onAccept: guarded(() => call.fail(), onAccept), onRedirect: note, onReject: note };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    inviter.invite({ requestDelegate }).catch(fail);
  });
  await Promise.race([answered, call.early]);
}

export const stoppedBefore = (): VoicePrintsError =>
  new VoicePrintsError('ABORTED', 'the call was stopped before it was answered');
