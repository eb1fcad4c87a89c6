import type { URI, UserAgent } from 'sip.js';
import { type IncomingResponseMessage, NameAddrHeader } from 'sip.js/lib/core/index.js';
import { guarded } from '../../../core/guarded.js';
import type { SipAccount, SipState } from '../sipTypes.js';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** A registrar that refuses an account locks it, or us out, after too many attempts. */
const REFUSED_RETRY_MS = 300_000;
/** Answers that are about the account; others are about the way to it, or the registrar's own trouble. */
const REFUSALS = new Set([400, 401, 402, 403, 404, 405, 406, 407, 423, 603, 604, 606]);
/** After its connection broke, by which the registrar would call us: all its clients come back at that moment. */
const LOST_RETRY_MS = 500;
const LOST_SPREAD_MS = 2_000;
/** Renewed after this share of the granted time, and never faster than the limit below. */
const RENEWED_AT = 0.8;
const MIN_RENEWAL_MS = 5_000;
const MAX_EXPIRES_SECONDS = 86_400;

const REFUSED = {
  code: 'SIP_REGISTER_REFUSED',
  message: 'the registrar refuses this account; check user, password and realm',
} as const;
const UNANSWERED = {
  code: 'SIP_UNREACHABLE',
  message: 'the registrar does not answer; check its address, and the network',
} as const;
const UNTRUSTED = {
  code: 'SIP_TLS_FAILED',
  message:
    'there is no secure connection to the registrar; give the authority of its certificate or its fingerprint, and your own certificate where it asks for one',
} as const;

export interface RegistrationEvents {
  readonly onState: (state: SipState) => void;
  /** Whether the connection to the registrar failed over TLS. */
  readonly isUntrusted: () => boolean;
}

/** Keeps one account registered, for as long as it is not stopped. Its answers come from outside: none is trusted. */
export class Registration {
  readonly #userAgent: UserAgent;
  readonly #registrar: URI;
  readonly #events: RegistrationEvents;
  /** RFC 3261, 10.2: one Call-ID, and growing numbers. */
  #callId: string | undefined;
  #cseq = 0;
  #expiresSeconds: number;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isRegistered = false;
  #isStopped = false;

  constructor(userAgent: UserAgent, registrar: URI, account: SipAccount, events: RegistrationEvents) {
    this.#userAgent = userAgent;
    this.#registrar = registrar;
    this.#expiresSeconds = account.expiresSeconds;
    this.#events = events;
  }

  start(): void {
    this.#events.onState({ status: 'registering' });
    this.#ask();
  }

  /** The connection to the registrar is over. */
  lost(): void {
    if (this.#isStopped || !this.#isRegistered) return;
    this.#isRegistered = false;
    this.#later(LOST_RETRY_MS + LOST_SPREAD_MS * Math.random(), () => this.start());
  }

  /** Unregisters; does not wait for the answer. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (this.#isRegistered) this.#send(0, { onAnswer: () => undefined });
  }

  #ask(isSecondTry = false): void {
    const onAnswer = (response: IncomingResponseMessage) => this.#answered(response, isSecondTry);
    guarded(
      () => this.#failed(0),
      () => this.#send(this.#expiresSeconds, { onAnswer }),
    )();
  }

  #send(expires: number, { onAnswer }: { readonly onAnswer: (response: IncomingResponseMessage) => void }): void {
    const { userAgentCore: core, contact } = this.#userAgent;
    const { aor } = core.configuration;
    this.#cseq += 1;
    const known = this.#callId === undefined ? {} : { callId: this.#callId };
    const headers = [`Contact: ${contact.toString({ register: true })};expires=${expires}`];
    const request = core.makeOutgoingRequestMessage(
      'REGISTER',
      this.#registrar,
      aor,
      aor,
      { ...known, cseq: this.#cseq },
      headers,
    );
    this.#callId = request.callId;
    const answer = ({ message }: { readonly message: IncomingResponseMessage }) => {
      this.#cseq = Math.max(this.#cseq, request.cseq); // sip.js counts on when it answers a challenge
      if (!this.#isStopped) onAnswer(message);
    };
    const settled = guarded(() => this.#failed(0), answer);
    core.register(request, { onAccept: settled, onRedirect: settled, onReject: settled });
  }

  #answered(response: IncomingResponseMessage, isSecondTry: boolean): void {
    const status = response.statusCode ?? 0;
    const least = status === 423 && !isSecondTry ? secondsOf(response.getHeader('min-expires')) : undefined;
    if (least !== undefined) {
      this.#expiresSeconds = Math.max(this.#expiresSeconds, least);
      this.#ask(true);
      return;
    }
    const granted = status >= 200 && status < 300 ? this.#grantedBy(response) : 0;
    if (granted > 0) this.#succeeded(granted);
    else this.#failed(status);
  }

  /** Seconds; the requested ones where the registrar gives none. */
  #grantedBy(response: IncomingResponseMessage): number {
    for (let i = response.getHeaders('contact').length - 1; i >= 0; i -= 1) {
      const contact: unknown = response.parseHeader('contact', i);
      if (!(contact instanceof NameAddrHeader) || contact.uri.user !== this.#userAgent.contact.uri.user) continue;
      const seconds = secondsOf(contact.getParam('expires') ?? undefined);
      if (seconds !== undefined) return seconds;
    }
    return secondsOf(response.getHeader('expires')) ?? this.#expiresSeconds;
  }

  #succeeded(grantedSeconds: number): void {
    this.#failures = 0;
    const wasRegistered = this.#isRegistered;
    this.#isRegistered = true;
    this.#later(Math.max(MIN_RENEWAL_MS, RENEWED_AT * 1_000 * grantedSeconds), () => this.#ask());
    if (!wasRegistered) this.#events.onState({ status: 'registered' });
  }

  #failed(status: number): void {
    if (this.#isStopped) return;
    this.#isRegistered = false;
    const isRefused = REFUSALS.has(status);
    const retryInMs = isRefused
      ? REFUSED_RETRY_MS
      : Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures) * (0.75 + Math.random() / 2);
    this.#failures += 1;
    this.#later(retryInMs, () => this.start());
    const failure = isRefused ? REFUSED : this.#events.isUntrusted() ? UNTRUSTED : UNANSWERED;
    this.#events.onState({ status: 'failed', ...failure, retryInMs: Math.round(retryInMs) });
  }

  #later(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      guarded(() => this.#failed(0), work),
      ms,
    );
  }
}

/** A number of seconds as a registrar writes it; undefined where it is none. */
function secondsOf(text: string | undefined): number | undefined {
  const seconds = /^\s*(\d{1,9})\s*$/.exec(text ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_EXPIRES_SECONDS);
}
