import type { Session } from 'sip.js';
import {
  Dialog,
  type IncomingInviteRequest,
  type IncomingRequestMessage,
  type IncomingResponse,
  type IncomingResponseMessage,
  MessageUserAgentServer,
  NameAddrHeader,
  SessionDialog,
  SignalingState,
} from 'sip.js/lib/core/index.js';
import { guarded } from '../../../core/guarded.js';
import {
  intervalForRequest,
  intervalHeaders,
  intervalOfAnswer,
  leastSeconds,
  MIN_SESSION_SECONDS,
} from '../signalling/sessionExpires.js';
import type { CallMedia } from './callMedia.js';
import { SessionTimer } from './sessionTimer.js';

/** Statuses of a call that the other side has forgotten, or that it does not answer. */
const GONE = new Set([408, 481]);
/** Of a side that has no UPDATE after all. */
const NO_SUCH_METHOD = new Set([405, 501]);
const REQUEST_PENDING = 491;
const TOO_BRIEF = 422;
/** RFC 3261, 14.1: after two confirmations met, each waits for a while of its own. */
const PENDING_MS = 2_100;
const PENDING_SPREAD_MS = 1_900;

/** What sip.js keeps to itself. */
interface InnerDialog {
  sequenceGuard(request: IncomingRequestMessage): boolean;
  dialogState: { remoteTarget: unknown };
}

export interface CallRefreshOptions {
  readonly session: Session;
  readonly media: CallMedia;
  /** The other side did not confirm the call in time, or knows nothing of it any more. */
  readonly onExpired: () => void;
  readonly onFault: () => void;
}

/** Session timers of one call (RFC 4028), and UPDATE (RFC 3311), which sip.js does not know. */
export class CallRefresh {
  readonly #session: Session;
  readonly #media: CallMedia;
  readonly #options: CallRefreshOptions;
  readonly #timer: SessionTimer;
  #isUpdateKnown = false;
  /** What the other side takes at least. */
  #leastSeconds = MIN_SESSION_SECONDS;

  constructor(options: CallRefreshOptions) {
    const { session, media, onExpired, onFault } = options;
    this.#session = session;
    this.#media = media;
    this.#options = options;
    this.#timer = new SessionTimer({ onDue: () => this.#refresh(), onExpired, onFault });
    this.#extendAnswers();
  }

  /** A call of theirs: what our answer to it says. The timer runs from then on. */
  headersFor(request: IncomingRequestMessage): string[] {
    this.#learn(request);
    const { interval, headers } = intervalForRequest(request, this.#timer.interval);
    this.#timer.agree(interval);
    return [...headers];
  }

  /** A call of ours was answered. */
  answered(response: IncomingResponseMessage): void {
    this.#learn(response);
    this.#timer.agree(intervalOfAnswer(response));
  }

  stop(): void {
    this.#timer.stop();
  }

  /** An UPDATE of the other side, in sequence. Rejects with what sip.js throws. */
  async update(request: IncomingRequestMessage, dialog: SessionDialog): Promise<void> {
    const inner = dialog as unknown as InnerDialog;
    if (!inner.sequenceGuard(request)) return; // it has answered
    Dialog.prototype.receiveRequest.call(dialog, request);
    const contact: unknown = request.hasHeader('contact') ? request.parseHeader('contact') : undefined;
    if (contact instanceof NameAddrHeader) inner.dialogState.remoteTarget = contact.uri;
    const { userAgentCore: core, contact: own } = this.#session.userAgent;
    const transaction = new MessageUserAgentServer(core, request);
    const reject = (statusCode: number, extraHeaders: string[] = []) =>
      transaction.reject({ statusCode, extraHeaders });
    if (!request.body) {
      transaction.accept({ statusCode: 200, extraHeaders: [`Contact: ${own}`, ...this.headersFor(request)] });
      return;
    }
    if (!this.#media.hasDescription(request.getHeader('content-type') ?? '')) {
      reject(415, ['Accept: application/sdp']);
      return;
    }
    if (dialog.signalingState !== SignalingState.Stable || this.#media.isNegotiating) {
      reject(REQUEST_PENDING);
      return;
    }
    const answer = await this.#media.answerTo(request.body);
    if (!answer) {
      reject(488);
      return;
    }
    const body = { contentDisposition: 'session', contentType: answer.contentType, content: answer.body };
    const extraHeaders = [`Contact: ${own}`, ...this.headersFor(request)];
    transaction.accept({ statusCode: 200, extraHeaders, body });
  }

  /** sip.js answers an INVITE within a call itself, with headers of its own. */
  #extendAnswers(): void {
    const session = this.#session as unknown as { onInviteRequest: (request: IncomingInviteRequest) => void };
    const take = session.onInviteRequest.bind(session);
    session.onInviteRequest = (request) => {
      const accept = request.accept.bind(request);
      request.accept = (options = { statusCode: 200 }) => {
        const extraHeaders = [...(options.extraHeaders ?? []), ...this.headersFor(request.message)];
        return accept({ ...options, extraHeaders });
      };
      take(request);
    };
  }

  #learn(message: IncomingRequestMessage | IncomingResponseMessage): void {
    const allowed = message.getHeaders('allow').join(',');
    if (allowed !== '') this.#isUpdateKnown = /(?:^|[,\s])UPDATE(?:[,\s]|$)/i.test(allowed);
  }

  #refresh(): void {
    const { interval } = this.#timer;
    const { dialog, userAgent } = this.#session;
    if (!interval || !(dialog instanceof SessionDialog)) return;
    const extraHeaders = intervalHeaders(interval.seconds, this.#leastSeconds, 'uac');
    const settled = guarded(this.#options.onFault, ({ message }: IncomingResponse) => this.#settled(message));
    const requestDelegate = { onAccept: settled, onRedirect: settled, onReject: settled };
    if (this.#isUpdateKnown) {
      const headers = [`Contact: ${userAgent.contact}`, ...extraHeaders];
      userAgent.userAgentCore.request(
        dialog.createOutgoingRequestMessage('UPDATE', { extraHeaders: headers }),
        requestDelegate,
      );
      return;
    }
    const busy = () => this.#timer.tryIn(PENDING_MS); // another INVITE is on its way
    this.#session.invite({ requestOptions: { extraHeaders }, requestDelegate }).catch(busy);
  }

  #settled(response: IncomingResponseMessage): void {
    const { statusCode: status = 0 } = response;
    const { interval } = this.#timer;
    const isUnknown = this.#isUpdateKnown && NO_SUCH_METHOD.has(status);
    const least = status === TOO_BRIEF ? leastSeconds(response) : undefined;
    const isMore = interval && least !== undefined && least > interval.seconds;
    if (status >= 200 && status < 300) this.answered(response);
    else if (GONE.has(status)) this.#options.onExpired();
    else if (isMore) this.#refreshAtLeast(least);
    else if (isUnknown) {
      this.#isUpdateKnown = false;
      this.#refresh();
    } else {
      const isPending = status === REQUEST_PENDING;
      this.#timer.tryIn(isPending ? PENDING_MS + PENDING_SPREAD_MS * Math.random() : this.#timer.halfOfRestMs);
    }
  }

  #refreshAtLeast(seconds: number): void {
    this.#leastSeconds = seconds;
    this.#timer.extend(seconds);
    this.#refresh();
  }
}
