import type { URI } from 'sip.js';
import { Registerer, RegistererState, type UserAgent } from 'sip.js';
import type { SipAccount, SipState } from '../sipTypes.js';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** A registrar that refuses an account locks it, or us out, where it is asked too often. */
const REFUSED_RETRY_MS = 300_000;
/** Answers that are about the account; others are about the way to it, or the registrar's own trouble. */
const REFUSALS = new Set([400, 401, 402, 403, 404, 405, 406, 407, 423, 603, 604, 606]);

/** Keeps one account registered, for as long as it is not stopped. */
export class Registration {
  readonly #registerer: Registerer;
  readonly #onState: (state: SipState) => void;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;
  #status = 0;

  constructor(userAgent: UserAgent, registrar: URI, account: SipAccount, onState: (state: SipState) => void) {
    this.#onState = onState;
    this.#registerer = new Registerer(userAgent, {
      registrar,
      expires: account.expiresSeconds,
      refreshFrequency: 80,
      logConfiguration: false,
    });
    this.#registerer.stateChange.addListener((state) => {
      if (this.#isStopped) return;
      if (state === RegistererState.Registered) this.#succeeded();
      // Where we asked, the answer's status comes right after.
      if (state === RegistererState.Unregistered) queueMicrotask(() => this.#failed());
    });
  }

  start(): void {
    this.#onState({ status: 'registering' });
    this.#ask();
  }

  /** Tells the registrar to forget us; does not wait for its answer. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    if (this.#registerer.state === RegistererState.Registered) {
      this.#registerer.unregister().catch(() => undefined); // a request is under way: the registration runs out
    }
  }

  #ask(): void {
    const note = (status: number | undefined) => {
      this.#status = status ?? 0;
    };
    this.#registerer
      .register({
        requestDelegate: {
          onReject: ({ message }) => {
            note(message.statusCode);
            // After a first refusal the state does not change, so nobody else tells.
            queueMicrotask(() => this.#failed());
          },
        },
      })
      .catch(() => this.#failed());
  }

  #succeeded(): void {
    this.#failures = 0;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#onState({ status: 'registered' });
  }

  #failed(): void {
    if (this.#isStopped || this.#retry) return;
    const isRefused = REFUSALS.has(this.#status);
    const retryInMs = isRefused
      ? REFUSED_RETRY_MS
      : Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures) * (0.75 + Math.random() / 2);
    this.#status = 0;
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.start();
    }, retryInMs);
    const failure = isRefused
      ? {
          code: 'SIP_REGISTER_REFUSED' as const,
          message: 'the registrar refuses this account; check user, password and realm',
        }
      : {
          code: 'SIP_UNREACHABLE' as const,
          message: 'the registrar does not answer; check its address, and the network',
        };
    this.#onState({ status: 'failed', ...failure, retryInMs: Math.round(retryInMs) });
  }
}
