import { randomUUID } from 'node:crypto';
import { type Info, type Invitation, Inviter, SessionState } from 'sip.js';
import type { IncomingRequestMessage, IncomingResponse, SessionDialog } from 'sip.js/lib/core/index.js';
import type { ErrorCode, VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import { Channel } from '../../../stream/channel.js';
import type { SipCall, SipCallEvent, SipConfig, SipEnd, SipMedia, SipParty } from '../sipTypes.js';
import type { CallAudio } from './callAudio.js';
import { CallMedia } from './callMedia.js';
import { CallRefresh } from './callRefresh.js';
import { digitOfInfo } from './keyPresses.js';
import { acknowledged, askWhetherThere, sayGoodbye } from './sessionEnd.js';

const MAX_EVENTS = 256;
/** People press no faster, except automatic dialling: faster ones are not key presses and are dropped. */
const DIGITS_PER_SECOND = 15;
const MAX_DIGITS = 32;

const MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  SIP_NO_MEDIA:
    'the call was connected, but no audio arrived; open the audio ports in the firewall, or set the public address',
  SIP_CODEC_MISMATCH: 'the other side sends another codec than was agreed; allow only codecs that it really sends',
  AUDIO_CORRUPT: 'the other side does not send audio of the agreed codec; check its codec, or choose another one',
  SIP_SESSION_EXPIRED:
    'the other side no longer confirmed the call; call again, and check the network if it happens often',
  INTERNAL: 'the call ended after an unexpected failure; call again',
};

export interface ActiveCallOptions {
  readonly session: Invitation | Inviter;
  readonly remote: SipParty;
  readonly config: SipConfig;
  /** Ours, as the other side reaches it, and where its signalling comes from. */
  readonly ownAddress: string;
  readonly peerAddress: string;
  readonly onEnded: (call: ActiveCall) => void;
}

/** A call from its first message to its last. */
export class ActiveCall implements SipCall {
  readonly id = randomUUID();
  readonly direction: SipCall['direction'];
  readonly remote: SipParty;
  /** The session's description handler. */
  readonly mediaSide: CallMedia;
  /** Resolves once there is audio before the call is answered, where that is wanted. */
  readonly early: Promise<void>;
  readonly #onEarly: () => void;
  readonly #refresh: CallRefresh;
  readonly #session: Invitation | Inviter;
  readonly #config: SipConfig;
  readonly #onEnded: (call: ActiveCall) => void;
  /** A listener that reads no events misses the oldest. */
  readonly #events = new Channel<SipCallEvent>(MAX_EVENTS, () => undefined);
  #lengthTimer: NodeJS.Timeout | undefined;
  #probeTimer: NodeJS.Timeout | undefined;
  #digitsSaved = MAX_DIGITS;
  #digitMs = performance.now();
  #wasAnswered = false;
  #isEarly = false;
  #hasEnded = false;

  constructor({ session, remote, config, ownAddress, peerAddress, onEnded }: ActiveCallOptions) {
    this.#session = session;
    this.#config = config;
    this.#onEnded = onEnded;
    this.direction = session instanceof Inviter ? 'outgoing' : 'incoming';
    this.remote = remote;
    let onEarly: () => void = () => undefined;
    this.early = new Promise((resolve) => {
      onEarly = resolve;
    });
    this.#onEarly = onEarly;
    this.mediaSide = new CallMedia({
      config,
      ownAddress,
      peerAddress,
      onDigit: (digit) => this.#digit(digit),
      onHeld: (isHeld) => this.#held(isHeld),
      onNoMedia: (noMedia) => void this.#finish('noMedia', noMedia),
      onLeft: () => void this.#finish('local'),
      onAgreed: () => this.#agreed(),
      onQuiet: () => this.#askWhetherThere(),
      onFault: () => this.fail(),
    });
    this.#refresh = new CallRefresh({
      session,
      media: this.mediaSide,
      onExpired: () => void this.#finish('failed', 'SIP_SESSION_EXPIRED'),
      onFault: () => this.fail(),
    });
    const changed = (state: SessionState) => {
      if (state === SessionState.Established) this.#start();
      if (state !== SessionState.Terminated) return;
      acknowledged(session);
      // Why a call of ours came to nothing is known to the one who made it.
      return this.#wasAnswered || this.direction === 'incoming' ? this.#finish('remote') : undefined;
    };
    const fail = () => this.fail();
    session.stateChange.addListener(guarded(fail, changed));
    const onInfo = (info: Info) => {
      const digit = digitOfInfo(info.request.getHeader('content-type'), info.request.body);
      if (digit) this.#digit(digit);
      return info.accept();
    };
    session.delegate = { onInfo: guarded(fail, onInfo) };
  }

  /** As the other side's messages name it. */
  get callId(): string {
    return this.#session.request.callId;
  }

  get audio(): CallAudio {
    return this.mediaSide.audio;
  }

  get media(): SipMedia {
    return this.mediaSide.counted();
  }

  get events(): AsyncIterable<SipCallEvent> {
    return this.#events;
  }

  hangUp(): Promise<void> {
    return this.#finish('local');
  }

  /**
   * Hangs up on a side that has not yet acknowledged our answer: RFC 3261, 15 lets us wait for that, but we are about
   * to be gone. Does nothing where it has.
   */
  leave(): void {
    if (acknowledged(this.#session)) this.#session.dialog?.bye();
  }

  /** Never became a call: no events, its port closed. */
  abandon(): void {
    void this.#finish('failed');
  }

  /** What our answer to their call says besides. */
  get answerHeaders(): string[] {
    return this.#refresh.headersFor(this.#session.request as IncomingRequestMessage);
  }

  /** Our call was answered. */
  answered({ message }: IncomingResponse): void {
    if (!this.#hasEnded) this.#refresh.answered(message);
  }

  /** An UPDATE of the other side. */
  update(request: IncomingRequestMessage, dialog: SessionDialog): Promise<void> {
    return this.#refresh.update(request, dialog);
  }

  /** A call of ours whose audio was already heard came to nothing. */
  refused({ code }: VoicePrintsError): void {
    void this.#finish('failed', code);
  }

  /** Unexpected exception: this call ends, the others continue. */
  fail(): void {
    void this.#finish('failed', 'INTERNAL');
  }

  #start(): void {
    if (this.#hasEnded) return;
    this.#wasAnswered = true;
    this.mediaSide.start();
    if (this.#isEarly) this.#emit({ type: 'answered', timestampMs: Date.now() });
    const end = guarded(
      () => this.fail(),
      () => this.#finish('tooLong'),
    );
    this.#lengthTimer = setTimeout(end, this.#config.maxCallMs);
  }

  /** Silence is normal while a call is on hold, so the other side is probed. */
  #held(isHeld: boolean): void {
    this.#emit({ type: isHeld ? 'hold' : 'resume', timestampMs: Date.now() });
    clearInterval(this.#probeTimer);
    if (!isHeld || this.#hasEnded) return;
    const probe = guarded(
      () => this.fail(),
      () => this.#askWhetherThere(),
    );
    this.#probeTimer = setInterval(probe, this.#config.noMediaMs);
  }

  #askWhetherThere(): void {
    askWhetherThere(this.#session, () => void this.#finish('noMedia', 'SIP_NO_MEDIA'));
  }

  /** Audio before the call is answered: announcements, the sounds of a door. */
  #agreed(): void {
    if (this.#wasAnswered || this.#hasEnded || !this.#config.hearsEarly) return;
    this.#isEarly = true;
    this.mediaSide.start();
    this.#onEarly();
  }

  #digit(digit: string): void {
    const nowMs = performance.now();
    this.#digitsSaved = Math.min(MAX_DIGITS, this.#digitsSaved + ((nowMs - this.#digitMs) * DIGITS_PER_SECOND) / 1_000);
    this.#digitMs = nowMs;
    if (this.#digitsSaved < 1) return;
    this.#digitsSaved -= 1;
    this.#emit({ type: 'digit', digit, timestampMs: Date.now() });
  }

  #emit(event: SipCallEvent): void {
    this.#events.push(event);
  }

  /** Never rejects. */
  async #finish(end: SipEnd, code?: ErrorCode): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#lengthTimer);
    clearInterval(this.#probeTimer);
    this.#refresh.stop();
    const why = code ? { code } : {};
    const message = code && MESSAGES[code];
    const close = () => {
      this.mediaSide.close();
      this.audio.end({ status: 'ended', ...why, ...(message ? { message } : {}) });
    };
    guarded(() => undefined, close)(); // the rest of the audio must not keep the call from ending
    this.#emit({ type: 'ended', end, ...why, timestampMs: Date.now() });
    this.#events.close();
    this.#onEnded(this);
    await sayGoodbye(this.#session).catch(() => undefined); // a state in which sip.js sends nothing
  }
}
