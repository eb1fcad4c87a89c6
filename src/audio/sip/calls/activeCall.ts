import { randomUUID } from 'node:crypto';
import { type Info, type Invitation, Inviter, type Session, SessionState } from 'sip.js';
import type { ErrorCode } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
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
  SIP_CODEC_MISMATCH: 'the other side sends another codec than was agreed; allow only codecs that it really sends',
  AUDIO_CORRUPT: 'what the other side sends is no audio of the agreed codec; check its codec, or choose another one',
  INTERNAL: 'the call met an unexpected failure and was ended; call again',
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
      onNoMedia: (noMedia) => void this.#finish('noMedia', noMedia),
      onLeft: () => void this.#finish('local'),
      onFault: () => this.fail(),
    });
    const changed = (state: SessionState) => {
      if (state === SessionState.Established) this.#start();
      if (state !== SessionState.Terminated) return;
      acknowledged(session);
      return this.#finish('remote');
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
   * The last word to a side that has not yet acknowledged our answer: RFC 3261, 15 lets us wait for that, but we are about
   * to be gone. Does nothing where it has.
   */
  leave(): void {
    if (acknowledged(this.#session)) this.#session.dialog?.bye();
  }

  /** Never became a call: no events, its port closed. */
  abandon(): void {
    void this.#finish('failed');
  }

  /** Something threw that never should: this call is over, the others go on. */
  fail(): void {
    void this.#finish('failed', 'INTERNAL');
  }

  #start(): void {
    if (this.#hasEnded) return;
    this.mediaSide.start();
    const end = guarded(
      () => this.fail(),
      () => this.#finish('tooLong'),
    );
    this.#lengthTimer = setTimeout(end, this.#config.maxCallMs);
  }

  #digit(digit: string): void {
    this.#tell({ type: 'digit', digit, timestampMs: Date.now() });
  }

  #tell(event: SipCallEvent): void {
    this.#events.push(event);
  }

  /** Never rejects. */
  async #finish(end: SipEnd, code?: ErrorCode): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#lengthTimer);
    const why = code ? { code } : {};
    const message = code && MESSAGES[code];
    const close = () => {
      this.mediaSide.close();
      this.audio.end({ status: 'ended', ...why, ...(message ? { message } : {}) });
    };
    guarded(() => undefined, close)(); // what is left of the audio must not keep the call from ending
    this.#tell({ type: 'ended', end, ...why, timestampMs: Date.now() });
    this.#events.close();
    this.#onEnded(this);
    await sayGoodbye(this.#session).catch(() => undefined); // a state in which sip.js has nothing to say
  }
}

/**
 * sip.js waits for the ACK of its answer even where the call is over, sends the answer again meanwhile, and throws from a
 * timer in the end. It waits no longer.
 *
 * @returns whether it waited
 */
function acknowledged({ dialog }: Session): boolean {
  if (dialog?.sessionState !== 'AckWait') return false;
  Object.assign(dialog, { ackWait: false });
  return true;
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
    session.bye({ requestDelegate: { onAccept: done, onRedirect: done, onReject: done } }).catch(done);
  });
}
