import { setTimeout as delay } from 'node:timers/promises';
import { type Invitation, Inviter, type Session, SessionState, type URI, type UserAgent } from 'sip.js';
import { type IncomingRequestMessage, SessionDialog } from 'sip.js/lib/core/index.js';
import { VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import { Channel } from '../../../stream/channel.js';
import { failUnanswered } from '../signalling/failUnanswered.js';
import { guardTimers } from '../signalling/guardTimers.js';
import { Registration } from '../signalling/registration.js';
import { type GateAnswer, guardRequests } from '../signalling/requestGate.js';
import { intervalHeaders, MIN_SESSION_SECONDS, SESSION_SECONDS } from '../signalling/sessionExpires.js';
import { SIP_PORT, type SipPeer } from '../signalling/sipMessage.js';
import type { SipTransport } from '../signalling/sipTransport.js';
import { calledAddress, createUserAgent, registrarOf } from '../signalling/userAgent.js';
import type { SipCall, SipConfig, SipEndpoint, SipParty, SipState } from '../sipTypes.js';
import { ActiveCall } from './activeCall.js';
import type { CallMedia } from './callMedia.js';
import { extensionRefusal, refusalOf, refusedCall, untrustedCall } from './callRefusal.js';
import { establish, stoppedBefore, TooBriefError } from './establish.js';
import { partyOf, RefusedCalls } from './refusedCalls.js';

/** Goodbyes are repeated for this long at most, so that everything has ended within a second. */
const CLOSING_MS = 700;
const CLOSING_STEP_MS = 20;
const KEEP_ALIVE_MS = 25_000;
const MAX_STATES = 32;

/** A SIP telephone that answers and only receives. */
export class ListeningTelephone implements SipEndpoint {
  readonly #config: SipConfig;
  readonly #userAgent: UserAgent;
  readonly #transport: SipTransport;
  readonly #calls = new Set<ActiveCall>();
  readonly #media = new WeakMap<Session, CallMedia>();
  readonly #incoming: Channel<SipCall>;
  readonly #states = new Channel<SipState>(MAX_STATES, () => undefined);
  readonly #refusals = new RefusedCalls((state) => this.#states.push(state));
  #registration: Registration | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  /** Calls that have only begun. */
  #beginning = 0;
  #closing: Promise<void> | undefined;

  constructor(config: SipConfig) {
    this.#config = config;
    // No listener takes this call: its line is free again.
    this.#incoming = new Channel<SipCall>(config.maxCalls, (call) => void call.hangUp());
    const { userAgent, transport } = createUserAgent(config, (session) => this.#media.get(session)!);
    this.#userAgent = userAgent;
    this.#transport = transport;
    const core = userAgent.userAgentCore;
    transport.onLost = ({ name, host }, callIds) => {
      failUnanswered(core, callIds);
      const registrar = config.account && registrarOf(config.account).host;
      if (registrar === name || registrar === host) this.#registration?.lost();
    };
    guardTimers(core, (callId) => {
      for (const call of this.#calls) if (call.callId === callId) call.fail();
    });
    guardRequests(core, {
      refusalOf: (request) => this.#refusalOf(request),
      onUpdate: guarded(
        () => undefined,
        (request: IncomingRequestMessage) => this.#update(request),
      ),
      extensionRefusal: (request, unknown) => this.#refusals.report(extensionRefusal(unknown), request),
    });
    userAgent.delegate = {
      // The call, if it came to be one, has ended with a code.
      onInvite: guarded(
        () => undefined,
        (invitation: Invitation) => this.#answer(invitation),
      ),
    };
  }

  get states(): AsyncIterable<SipState> {
    return this.#states;
  }

  get port(): number {
    return this.#transport.port;
  }

  get callCount(): number {
    return this.#calls.size + this.#beginning;
  }

  /** Throws SIP_LISTEN_FAILED. */
  async open(): Promise<void> {
    try {
      await this.#userAgent.start();
    } catch (cause) {
      const message = 'the SIP port cannot be opened; choose another one, or end what uses it';
      throw new VoicePrintsError('SIP_LISTEN_FAILED', message, { cause, details: { port: this.#config.listenPort } });
    }
    const { account } = this.#config;
    this.#states.push({ status: 'listening', port: this.port });
    if (!account) return;
    const registrar = registrarOf(account);
    this.#registration = new Registration(this.#userAgent, registrar, account, {
      onState: (state) => this.#states.push(state),
      isUntrusted: () => this.#transport.isUntrusted(registrar.host),
    });
    this.#registration.start();
    const keepAlive = () => this.#transport.keepAlive(`${registrar}`);
    const ignored = () => undefined; // the next registration reports it
    this.#keepAlive = setInterval(guarded(ignored, keepAlive), KEEP_ALIVE_MS);
  }

  async call(target: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SipCall> {
    const uri = this.#targetOf(target);
    if (this.#closing || signal?.aborted) throw stoppedBefore();
    if (this.callCount >= this.#config.maxCalls) {
      throw new VoicePrintsError('SIP_CALL_REFUSED', 'all lines are busy; end a call, or allow more calls at once', {
        details: { status: 486 },
      });
    }
    try {
      return await this.#callWith(uri, SESSION_SECONDS, signal);
    } catch (thrown) {
      if (!(thrown instanceof TooBriefError)) throw thrown;
      return await this.#callWith(uri, thrown.leastSeconds, signal).catch((again) => {
        throw again instanceof TooBriefError ? refusedCall(422) : again;
      });
    }
  }

  /** @param sessionSeconds between two confirmations of the call */
  async #callWith(uri: URI, sessionSeconds: number, signal: AbortSignal | undefined): Promise<SipCall> {
    const { hearsEarly = false, ringMs } = this.#config;
    const seconds = Math.max(SESSION_SECONDS, sessionSeconds);
    const least = sessionSeconds === SESSION_SECONDS ? MIN_SESSION_SECONDS : sessionSeconds;
    const inviter = new Inviter(this.#userAgent, uri, {
      earlyMedia: hearsEarly,
      extraHeaders: intervalHeaders(seconds, least),
    });
    const party = { user: uri.user ?? '', host: uri.host, displayName: '' };
    const call = await this.#begin(inviter, party, { host: uri.host, port: uri.port ?? 0 }).catch((cause: Error) => {
      if (cause instanceof VoicePrintsError) throw cause;
      throw refusedCall(503); // no such host, or no way to it
    });
    const failureOf = (status: number) => {
      if (this.#closing !== undefined) return stoppedBefore();
      return call.mediaSide.failure ?? this.#refusedBy(uri, status || 503);
    };
    try {
      await establish(inviter, call, { ringMs, signal, failureOf });
      return call;
    } catch (error) {
      call.abandon();
      throw error;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SipCall> {
    yield* this.#incoming;
  }

  /** Ends every call, the registration and the sockets; a second at most. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #targetOf(target: string): URI {
    const { account } = this.#config;
    const isNumber = /^(?:sip:)?[\w+*#]+$/i.test(target);
    if (!isNumber || !account) return calledAddress(target, this.#config);
    const uri = registrarOf(account);
    uri.user = target.replace(/^sip:/i, '');
    return uri;
  }

  #refusalOf(request: IncomingRequestMessage): GateAnswer | undefined {
    if (this.#closing !== undefined) return { status: 480 };
    const refusal = refusalOf(request, partyOf(request), this.#config, this.callCount);
    return refusal && this.#refusals.report(refusal, request);
  }

  async #update(request: IncomingRequestMessage): Promise<void> {
    const { userAgentCore: core } = this.#userAgent;
    const dialog = core.dialogs.get(request.callId + request.toTag + request.fromTag);
    const call = [...this.#calls].find(({ callId }) => callId === request.callId);
    if (!call || !(dialog instanceof SessionDialog)) core.replyStateless(request, { statusCode: 481 });
    else await call.update(request, dialog).catch(() => call.fail());
  }

  async #answer(invitation: Invitation): Promise<void> {
    const { received } = invitation.request.via as { readonly received?: string }; // our transport's
    const party = partyOf(invitation.request);
    try {
      const call = await this.#begin(invitation, party, { host: received ?? party.host, port: SIP_PORT });
      await invitation.accept({ extraHeaders: call.answerHeaders }).catch(() => call.abandon()); // cancelled meanwhile, or no agreement after all
      if (invitation.state === SessionState.Established) this.#incoming.push(call);
    } catch {
      if (invitation.state === SessionState.Initial) await invitation.reject({ statusCode: 500 }); // no audio port
    }
  }

  async #begin(session: Invitation | Inviter, remote: SipParty, at: SipPeer): Promise<ActiveCall> {
    this.#beginning += 1; // the line is taken from here on, or calls that come at once would share the last one
    const call = await this.#created(session, remote, at).finally(() => {
      this.#beginning -= 1;
    });
    await call.mediaSide.open().catch((error: VoicePrintsError) => {
      call.abandon();
      throw error;
    });
    return call;
  }

  async #created(session: Invitation | Inviter, remote: SipParty, at: SipPeer): Promise<ActiveCall> {
    const { addresses } = this.#transport;
    const peer = await addresses.resolve(at, 'UDP');
    const ownAddress = await addresses.ownFor(peer.host);
    const call = new ActiveCall({
      session,
      remote,
      config: this.#config,
      ownAddress,
      peerAddress: peer.host,
      onEnded: (ended) => this.#calls.delete(ended),
    });
    this.#calls.add(call);
    this.#media.set(session, call.mediaSide);
    return call;
  }

  #refusedBy({ host }: URI, status: number): VoicePrintsError {
    return status === 503 && this.#transport.isUntrusted(host) ? untrustedCall() : refusedCall(status);
  }

  async #close(): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#registration?.stop();
    const calls = [...this.#calls];
    const goodbyes = calls.map((call) => call.hangUp());
    this.#incoming.close();
    this.#states.close();
    await Promise.race([Promise.allSettled(goodbyes), delay(CLOSING_MS / 2)]);
    for (const call of calls) call.leave();
    await Promise.race([this.#answered(), delay(CLOSING_MS / 2)]);
    await this.#userAgent.stop();
    await this.#transport.disconnect();
  }

  /** All requests have been answered; the last messages are on their way. */
  async #answered(): Promise<void> {
    do await delay(CLOSING_STEP_MS);
    while (this.#transport.retransmissions.pending > 0);
  }
}
