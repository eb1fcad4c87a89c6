import type { RawData, WebSocket } from 'ws';
import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import { admitStream, assertStillHeld } from '../access/admitKey.js';
import type { Caller } from '../access/caller.js';
import { parseInput } from '../calls/schemas.js';
import { type Refusal, type RefusalType, refusalOf } from '../refusals/refusal.js';
import { type EndedStream, openStream, resumeStream } from './openStream.js';
import { CLOSE, type Command, command, hello, type Resume, resume, type Unnumbered } from './protocol.js';
import type { StreamSession } from './streamSession.js';
import type { Listener } from './streamSessionOptions.js';
import type { StreamSurface } from './streamSurface.js';

/** Known before the first message. */
export interface Opening {
  /** Present where the request carried a key, or a trusted ingress named its user. */
  readonly caller: Caller | undefined;
  readonly address: string;
  /** Called when the first message has opened or resumed a session. */
  readonly onBegin: () => void;
}

/** How often the amount of received audio is reported to the client. */
const ACK_MS = 1_000;
/** How soon a paused connection is checked again. */
const RELIEF_MS = 50;
/** Unsent text beyond which a client that does not read is disconnected; it may resume. */
const MOST_UNREAD_BYTES = 4 * 2 ** 20;
/** Messages that arrived before the session was open; a client need not wait for `ready`. */
const MOST_EARLY = 64;

/** One WebSocket: its first message opens or resumes a session, the rest are audio and commands. */
export class StreamConnection {
  readonly #socket: WebSocket;
  readonly #surface: StreamSurface;
  readonly #opening: Opening;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #listener: Listener;
  #session: StreamSession | undefined;
  /** The current caller: a session may be resumed with another key of the tenant. */
  #caller: Caller | undefined;
  /** Runs while the connection is paused. */
  #relief: NodeJS.Timeout | undefined;
  #isOpening = false;
  #early: { readonly data: RawData; readonly isBinary: boolean }[] = [];
  #receivedAtMs = Date.now();
  #unansweredPings = 0;
  #ackedPosition = -1;

  constructor(socket: WebSocket, surface: StreamSurface, opening: Opening) {
    this.#socket = socket;
    this.#surface = surface;
    this.#opening = opening;
    this.#listener = {
      send: (text) => this.#send(text),
      close: (code, reason) => this.#close(CLOSE[code], reason),
    };
    socket.on(
      'message',
      this.#guarded((data: RawData, isBinary: boolean) => this.#receive(data, isBinary)),
    );
    socket.on('pong', () => {
      this.#unansweredPings = 0;
    });
    socket.on('error', () => {}); // always followed by close
    socket.once(
      'close',
      this.#guarded((code: number) => this.#closed(code)),
    );
    const { helloMs, pingMs } = surface.limits;
    this.#timers.push(
      setTimeout(
        this.#guarded(() => this.#session ?? this.#close(CLOSE.idle, 'no hello arrived in time')),
        helloMs,
      ),
      setInterval(
        this.#guarded(() => this.#ping()),
        pingMs,
      ),
      setInterval(
        this.#guarded(() => this.#acknowledge()),
        ACK_MS,
      ),
    );
  }

  /** The server stops. */
  goAway(): void {
    this.#close(CLOSE.goingAway, 'the server is stopping; connect again later');
  }

  hangUp(): void {
    this.#socket.terminate();
  }

  /** Errors of an event handler or a timer close this connection with a code. */
  #guarded<A extends unknown[]>(callback: (...args: A) => unknown): (...args: A) => void {
    return guarded((thrown) => this.#refuse(thrown), callback);
  }

  #receive(data: RawData, isBinary: boolean): Promise<void> | undefined {
    if (this.#socket.readyState !== this.#socket.OPEN) return undefined; // sent before the client received our close frame
    this.#receivedAtMs = Date.now();
    if (this.#session) this.#take(this.#session, data, isBinary);
    else if (this.#isOpening) this.#keepEarly(data, isBinary);
    else return this.#open(data, isBinary);
    return undefined;
  }

  /** The first message. */
  async #open(data: RawData, isBinary: boolean): Promise<void> {
    this.#isOpening = true;
    if (isBinary) throw new VoicePrintsError('INPUT_INVALID', 'audio arrived before the hello; send the hello first');
    const raw = parsed(data);
    const session = isResume(raw) ? await this.#resumed(parseInput(resume, raw)) : await this.#opened(raw);
    if (session === undefined) return;
    this.#socket.resume();
    for (const early of this.#early.splice(0)) this.#take(session, early.data, early.isBinary);
  }

  async #opened(raw: unknown): Promise<StreamSession> {
    const fields = parseInput(hello, raw);
    const session = await openStream(this.#surface, await this.#tenantOf(fields.apiKey), fields);
    this.#begin(session, 0);
    return session;
  }

  async #resumed(asked: Resume): Promise<StreamSession | undefined> {
    const found = await resumeStream(this.#surface, await this.#tenantOf(asked.apiKey), asked);
    if (found === undefined)
      this.#close(CLOSE.unknownSession, 'this session has ended or does not exist; start a new one with hello');
    else if ('head' in found) this.#bidFarewell(found, asked);
    else {
      this.#begin(found, asked.lastSeq);
      return found;
    }
    return undefined;
  }

  #bidFarewell({ head }: EndedStream, { sessionId, resumeToken, lastSeq }: Resume): void {
    this.#ready({ sessionId, resumeToken, position: head.position });
    for (const { seq, text } of head.messages) if (seq > lastSeq) this.#send(text);
    if (head.last) this.#close(CLOSE[head.last.code], head.last.reason);
  }

  #begin(session: StreamSession, lastSeq: number): void {
    this.#session = session;
    this.#opening.onBegin();
    const isGone = this.#socket.readyState !== this.#socket.OPEN;
    const { id: sessionId, resumeToken, audio } = session;
    this.#ready({ sessionId, resumeToken, position: audio.position });
    session.attach(this.#listener, lastSeq);
    // The connection closed before it had a session: handle that now.
    if (isGone && session.detach(this.#listener)) session.awaitReturn(this.#surface.limits.resumeMs);
  }

  #ready(stream: { readonly sessionId: string; readonly resumeToken: string; readonly position: number }): void {
    const { engine, limits } = this.#surface;
    this.#sendMessage({
      type: 'ready',
      ...stream,
      resumeSeconds: limits.resumeMs / 1000,
      model: engine.model.id,
      maxMessageBytes: limits.maxMessageBytes,
    });
  }

  async #tenantOf(apiKey: string | undefined): Promise<string> {
    const { caller, address } = this.#opening;
    if (caller) assertStillHeld(this.#surface, caller);
    const own = caller ?? (await admitStream(this.#surface, apiKey ?? '', address));
    this.#caller = own;
    return own.tenantId;
  }

  #keepEarly(data: RawData, isBinary: boolean): void {
    this.#early.push({ data, isBinary });
    if (this.#early.length >= MOST_EARLY) this.#socket.pause();
  }

  #take(session: StreamSession, data: RawData, isBinary: boolean): void {
    if (isBinary) {
      session.audio.push(data as Buffer);
      this.#holdBack(session);
    } else this.#obey(session, parseInput(command, parsed(data)));
  }

  /** Pauses the connection while the buffer is full, so that TCP slows the client down. */
  #holdBack(session: StreamSession): void {
    if (!session.audio.isFull || this.#relief) return;
    this.#socket.pause();
    const look = () => {
      this.#receivedAtMs = Date.now(); // the silence is ours
      if (session.audio.isFull) return;
      clearInterval(this.#relief);
      this.#relief = undefined;
      this.#socket.resume();
    };
    this.#relief = setInterval(this.#guarded(look), RELIEF_MS);
  }

  #obey(session: StreamSession, command: Command): void {
    this.#assertStillHeld();
    if (command.type === 'ack') session.acknowledge(command.seq);
    else if (command.type === 'ping') this.#sendMessage({ type: 'pong' });
    else if (command.type === 'end') session.end();
    else if (this.#caller) session.obey(command, this.#caller);
  }

  #ping(): void {
    if (this.#relief) return; // paused by us: pongs are not read either
    this.#unansweredPings += 1;
    const isIdle = Date.now() - this.#receivedAtMs > this.#surface.limits.idleMs;
    if (this.#unansweredPings > 2) this.#socket.terminate();
    else if (isIdle) this.#close(CLOSE.idle, 'neither audio nor a command arrived for too long');
    else this.#socket.ping();
  }

  /** A revoked key ends the stream it opened. */
  #assertStillHeld(): void {
    if (this.#caller) assertStillHeld(this.#surface, this.#caller);
  }

  #acknowledge(): void {
    this.#assertStillHeld();
    const session = this.#session;
    if (!session) return;
    session.countUse();
    const { ackPosition: position } = session;
    if (position === this.#ackedPosition) return;
    this.#ackedPosition = position;
    this.#sendMessage({ type: 'ack', position, bufferedMs: Math.round(session.audio.bufferedMs) });
  }

  #sendMessage(message: Unnumbered): void {
    this.#send(JSON.stringify(message));
  }

  #send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(text);
    if (this.#socket.bufferedAmount > MOST_UNREAD_BYTES) this.#socket.terminate();
  }

  #refuse(thrown: unknown): void {
    const refusal = refusalOf(thrown);
    const isAway = this.#surface.kept !== undefined && refusal.code === 'REGISTRY_UNAVAILABLE';
    this.#close(isAway ? CLOSE.tryAgainLater : closeCodeOf(refusal), `${refusal.message} [${refusal.code}]`);
    if (refusal.type === 'api_error')
      this.#surface.report({ requestId: this.#session?.id ?? 'stream', code: refusal.code, error: thrown });
  }

  /** A reason has at most 123 bytes (RFC 6455). */
  #close(code: number, reason: string): void {
    const bytes = Buffer.from(reason);
    this.#socket.close(
      code,
      bytes.length <= 123
        ? reason
        : bytes
            .subarray(0, 120)
            .toString()
            .replace(/\ufffd+$/, ''),
    );
  }

  /** A session closed by either side is over; after any other loss of the connection it can be resumed for a while. */
  #closed(code: number): void {
    for (const timer of [...this.#timers, this.#relief]) clearInterval(timer);
    const session = this.#session;
    if (!session?.detach(this.#listener)) return;
    if (FINAL_CODES.includes(code)) session.disposeSoon();
    else session.awaitReturn(this.#surface.limits.resumeMs);
  }
}

/** 1005: closed without a code, as a browser's `close()` does. */
const FINAL_CODES: readonly number[] = [
  ...[CLOSE.done, 1005, CLOSE.badMessage, CLOSE.badKey],
  ...[CLOSE.idle, CLOSE.tooMany, CLOSE.failed],
];

const CLOSE_CODES: Readonly<Record<RefusalType, number>> = {
  params_invalid: CLOSE.badMessage,
  invalid_key: CLOSE.badKey,
  forbidden: CLOSE.badKey,
  quota: CLOSE.tooMany,
  unknown_route: CLOSE.badMessage,
  rate_limit: CLOSE.tooMany,
  api_error: CLOSE.failed,
};
const closeCodeOf = (refusal: Refusal): number => CLOSE_CODES[refusal.type];

const isResume = (raw: unknown): boolean => (raw as { readonly type?: unknown } | null)?.type === 'resume';

function parsed(data: RawData): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    throw new VoicePrintsError('INPUT_INVALID', 'a text message is not JSON; send JSON, and audio as binary messages');
  }
}
