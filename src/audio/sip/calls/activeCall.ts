import { randomUUID } from 'node:crypto';
import { type Invitation, Inviter, type Session, SessionState } from 'sip.js';
import type { ErrorCode } from '../../../core/errors.js';
import { Channel } from '../../../stream/channel.js';
import type { SipCall, SipCallEvent, SipConfig, SipEnd, SipMedia, SipParty } from '../sipTypes.js';
import type { CallAudio } from './callAudio.js';
import { CallMedia } from './callMedia.js';
import { digitOfInfo } from './keyPresses.js';

/** The other side is told for this long at most that a call is over. */
const GOODBYE_MS = 500;
const MAX_EVENTS = 256;

const MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  SIP_NO_MEDIA:
    'the call was up, but its audio stayed away; open the audio ports in the firewall, or set the public address',
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
  readonly #session: Invitation | Inviter;
  readonly #config: SipConfig;
  readonly #onEnded: (call: ActiveCall) => void;
  /** A listener that hears no events misses the oldest. */
  readonly #events = new Channel<SipCallEvent>(MAX_EVENTS, () => undefined);
  #lengthTimer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor({ session, remote, config, ownAddress, peerAddress, onEnded }: ActiveCallOptions) {
    this.#session = session;
    this.#config = config;
    this.#onEnded = onEnded;
    this.direction = session instanceof Inviter ? 'outgoing' : 'incoming';
    this.remote = remote;
    this.mediaSide = new CallMedia({
      config,
      ownAddress,
      peerAddress,
      onDigit: (digit) => this.#digit(digit),
      onHeld: (isHeld) => this.#tell({ type: isHeld ? 'hold' : 'resume', timestampMs: Date.now() }),
      onNoMedia: () => void this.#finish('noMedia', 'SIP_NO_MEDIA'),
      onLeft: () => void this.#finish('local'),
    });
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) this.#start();
      if (state === SessionState.Terminated) void this.#finish('remote');
    });
    session.delegate = {
      onInfo: (info) => {
        const digit = digitOfInfo(info.request.getHeader('content-type'), info.request.body);
        if (digit) this.#digit(digit);
        void info.accept();
      },
    };
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
   * The last word to a side that has not yet acknowledged our answer: RFC 3261, 15 lets us wait for that, but we are about
   * to be gone. Does nothing where it has.
   */
  leave(): void {
    const { dialog } = this.#session;
    if (dialog?.sessionState !== 'AckWait') return;
    Object.assign(dialog, { ackWait: false }); // sip.js would throw
    dialog.bye();
  }

  /** Never became a call: no events, its port closed. */
  abandon(): void {
    void this.#finish('failed');
  }

  #start(): void {
    if (this.#hasEnded) return;
    this.mediaSide.start();
    this.#lengthTimer = setTimeout(() => void this.#finish('tooLong'), this.#config.maxCallMs);
  }

  #digit(digit: string): void {
    this.#tell({ type: 'digit', digit, timestampMs: Date.now() });
  }

  #tell(event: SipCallEvent): void {
    this.#events.push(event);
  }

  async #finish(end: SipEnd, code?: ErrorCode): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#lengthTimer);
    this.mediaSide.close();
    const why = code ? { code } : {};
    const message = code && MESSAGES[code];
    this.audio.end({ status: 'ended', ...why, ...(message ? { message } : {}) });
    this.#tell({ type: 'ended', end, ...why, timestampMs: Date.now() });
    this.#events.close();
    this.#onEnded(this);
    await sayGoodbye(this.#session);
  }
}

/** BYE, CANCEL or a refusal, whatever the session's state asks for. */
async function sayGoodbye(session: Invitation | Inviter): Promise<void> {
  const isEarly = session.state === SessionState.Initial || session.state === SessionState.Establishing;
  if (session.state === SessionState.Established) await bye(session);
  else if (isEarly && session instanceof Inviter) await session.cancel();
  else if (isEarly) await (session as Invitation).reject({ statusCode: 480 });
}

function bye(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GOODBYE_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    session.bye({ requestDelegate: { onAccept: done, onReject: done } }).catch(done);
  });
}
