import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../../core/audit.js';
import { guarded } from '../../core/guarded.js';
import { present } from '../../core/present.js';
import { liveSpeakerEvent, type SpeakerEvent } from '../../events/index.js';
import { asVoicePrintsError, type Engine, type LiveSession } from '../../index.js';
import { scopeMissing } from '../access/admitKey.js';
import { actorOf, type Caller, mayDo } from '../access/caller.js';
import type { TenantGate } from '../access/tenantGate.js';
import type { FailureReport } from '../calls/call.js';
import { refusalOf } from '../refusals/refusal.js';
import type { IncomingAudio } from './incomingAudio.js';
import { Outbox } from './outbox.js';
import type { Hello, Numbered, PeopleCommand } from './protocol.js';

/** Messages kept for a client that is disconnected or does not acknowledge: an hour of conversation. */
const MOST_MESSAGES = 10_000;
/** Commands whose answers are remembered, so that a repeated one is executed once. */
const MOST_COMMANDS = 100;

/** A connection, as a session sees it. */
export interface Listener {
  send(text: string): void;
  /** No more messages follow. */
  close(code: 'done' | 'badMessage' | 'failed' | 'takenOver' | 'tooMany', reason: string): void;
}

export interface StreamSessionOptions {
  readonly engine: Engine;
  readonly tenantId: string;
  readonly hello: Hello;
  readonly audio: IncomingAudio;
  /** Counts the audio of the tenant, and throws when it is used up. */
  readonly gate: TenantGate | undefined;
  /** Called once, when the session has ended. */
  readonly onOver: () => void;
  readonly report: (failure: FailureReport) => void;
  readonly observer: StreamObserver | undefined;
}

/** Sees the sessions of all streams beside their clients. */
export interface StreamObserver {
  opened(stream: ObservedStream): void;
  event(event: SpeakerEvent, stream: ObservedStream): void;
  closed(stream: ObservedStream): void;
}

export interface ObservedStream {
  readonly tenantId: string;
  /** As its client names it. */
  readonly site: string;
  readonly session: LiveSession;
}

/** One stream, which survives broken connections: processing continues, and messages are kept for the client. */
export class StreamSession {
  readonly tenantId: string;
  readonly resumeToken = randomBytes(24).toString('base64url');
  readonly audio: IncomingAudio;
  readonly #options: StreamSessionOptions;
  readonly #live: LiveSession;
  readonly #outbox = new Outbox(MOST_MESSAGES);
  readonly #commands = new Set<string>();
  #listener: Listener | undefined;
  #countedMs = 0;
  #farewell: NodeJS.Timeout | undefined;
  #isOver = false;
  /** Error thrown because the tenant's minutes are used up: sent after the last turns. */
  #outOfAudio: unknown;
  /** How the connection is closed; set once the last message is written. */
  #last: { readonly code: 'done' | 'badMessage' | 'failed' | 'tooMany'; readonly reason: string } | undefined;

  constructor(options: StreamSessionOptions) {
    const { engine, tenantId, hello, audio } = options;
    this.#options = options;
    this.tenantId = tenantId;
    this.audio = audio;
    this.#live = engine.watch({
      audio: audio.source,
      tenantId,
      site: hello.site,
      ...present({ speakerIds: hello.speakerIds, falseAcceptPercent: hello.falseAcceptPercent }),
    });
    guarded(
      (thrown) => this.#fail(thrown),
      () => this.#listen(),
    )();
  }

  get id(): string {
    return this.#live.sessionId;
  }

  /** True once the last message is written; the session waits for a client that may have missed it. */
  get hasEnded(): boolean {
    return this.#last !== undefined;
  }

  /** True for the holder of the token that `ready` gave. */
  isToken(token: string): boolean {
    const [given, own] = [Buffer.from(token), Buffer.from(this.resumeToken)];
    return given.length === own.length && timingSafeEqual(given, own);
  }

  /** Whether everything after this number is still kept. */
  keeps(lastSeq: number): boolean {
    return this.#outbox.after(lastSeq) !== undefined;
  }

  /** Attaches a connection, which first receives missed messages. A previous connection is closed. */
  attach(listener: Listener, lastSeq: number): void {
    clearTimeout(this.#farewell);
    this.#listener?.close('takenOver', 'another connection has resumed this session');
    if (this.#listener) this.audio.cut();
    this.#listener = listener;
    for (const text of this.#outbox.after(lastSeq) ?? []) listener.send(text);
    this.#outbox.acknowledge(lastSeq);
    this.#closeListener();
  }

  /** Detaches a broken connection. True where it was this session's. */
  detach(listener: Listener): boolean {
    if (this.#listener !== listener) return false;
    this.#listener = undefined;
    this.audio.cut();
    return true;
  }

  /** Ends the session unless a connection resumes it in time. */
  awaitReturn(resumeMs: number): void {
    clearTimeout(this.#farewell);
    this.#farewell = setTimeout(() => this.disposeSoon(), resumeMs);
  }

  acknowledge(seq: number): void {
    this.#outbox.acknowledge(seq);
  }

  /** The client has sent all its audio: sends the last turns, then the end. */
  end(): void {
    this.audio.source.end();
  }

  /** Ends the session without further messages. */
  async dispose(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#farewell);
    try {
      this.#count();
      this.audio[Symbol.dispose]();
      await this.#live[Symbol.asyncDispose]();
    } finally {
      this.#options.onOver();
    }
  }

  /** The same, in the background; failures are reported. */
  disposeSoon(): void {
    guarded(
      (thrown) => this.#problemOf(thrown),
      () => this.dispose(),
    )();
  }

  /** Counts the audio received since the last call; ends the stream where the tenant's minutes are used up. */
  countUse(): void {
    this.#count();
    if (this.audio.source.isOver) return; // it is ending already
    try {
      this.#options.gate?.assertAudioLeft(this.tenantId);
    } catch (refused) {
      this.#outOfAudio = refused;
      this.end();
    }
  }

  #count(): void {
    const { receivedMs } = this.audio;
    this.#options.gate?.used(this.tenantId, receivedMs - this.#countedMs);
    this.#countedMs = receivedMs;
  }

  /** Enrols an unknown voice, gives or undoes feedback, once per command id; the answer is a message. */
  obey(command: PeopleCommand, by: Caller): void {
    const { id } = command;
    if (this.#commands.has(id)) return;
    if (this.#commands.size >= MOST_COMMANDS) this.#commands.delete(this.#commands.values().next().value!);
    this.#commands.add(id);
    if (!mayDo(by, 'enrol')) {
      this.#emit({ type: 'refused', id, ...this.#problemOf(scopeMissing(by, 'enrol')) });
      return;
    }
    const actor = { name: actorOf(by), requestId: this.id };
    const answering = async (): Promise<void> => this.#emit(await this.#answerTo(command, actor));
    guarded((thrown) => this.#emit({ type: 'refused', id, ...this.#problemOf(thrown) }), answering)();
  }

  async #answerTo(command: PeopleCommand, actor: Actor): Promise<Numbered> {
    const { engine, hello } = this.#options;
    const { id } = command;
    if (command.type === 'undo')
      return { type: 'feedback', id, result: await engine.turns(this.tenantId, actor).undo(command.feedbackId) };
    if (command.type === 'feedback') {
      const { type: _, id: __, verdict, ...fields } = command;
      const request = { verdict, ...present(fields) };
      return { type: 'feedback', id, result: await engine.turns(this.tenantId, actor).feedback(request) };
    }
    const { cluster, speakerId, name, consentText, consentVersion } = command;
    const { languageCode } = hello;
    const person = { speakerId, ...present({ cluster, name, consentText, consentVersion, languageCode }) };
    return { type: 'enrolled', id, result: await this.#live.enrollUnknown(person, { actor }) };
  }

  async #listen(): Promise<void> {
    const { engine, hello } = this.#options;
    const context = {
      site: hello.site,
      sessionId: this.id,
      model: engine.model.id,
      threshold: engine.acceptScore(hello.falseAcceptPercent),
    };
    const observer = this.#options.observer;
    const observed = { tenantId: this.tenantId, site: hello.site, session: this.#live };
    try {
      observer?.opened(observed);
      for await (const event of this.#live.events()) {
        const shown = liveSpeakerEvent(event, context);
        observer?.event(shown, observed);
        if (event.type === 'turn' && !event.turn.isFinal && !hello.isTentative) continue;
        this.#emit({ type: 'event', event: shown });
      }
      if (this.#outOfAudio !== undefined) return this.#fail(this.#outOfAudio);
      this.#last = { code: 'done', reason: 'the stream has ended' };
      this.#emit({ type: 'ended', position: this.audio.position });
    } catch (thrown) {
      if (!this.#isOver) this.#fail(thrown);
    } finally {
      observer?.closed(observed);
    }
  }

  #fail(thrown: unknown): void {
    const problem = this.#problemOf(thrown);
    const { type } = refusalOf(thrown);
    const code = type === 'api_error' ? 'failed' : type === 'quota' ? 'tooMany' : 'badMessage';
    this.#last = { code, reason: `the stream cannot continue [${problem.code}]` };
    this.#emit({ type: 'failed', ...problem });
  }

  #emit(message: Numbered): void {
    if (this.#isOver) return;
    const text = this.#outbox.add(message);
    this.#listener?.send(text);
    this.#closeListener();
  }

  #closeListener(): void {
    if (this.#last) this.#listener?.close(this.#last.code, this.#last.reason);
  }

  #problemOf(thrown: unknown): { readonly code: string; readonly message: string } {
    const refusal = refusalOf(thrown);
    if (refusal.type === 'api_error') {
      const failure = { requestId: this.id, code: refusal.code, error: asVoicePrintsError(thrown) };
      guarded(
        () => undefined, // a failing log must not prevent the message to the client
        () => this.#options.report(failure),
      )();
    }
    return { code: refusal.code, message: refusal.message };
  }
}
