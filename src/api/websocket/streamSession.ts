import { timingSafeEqual } from 'node:crypto';
import type { Actor } from '../../core/audit.js';
import { guarded } from '../../core/guarded.js';
import { present } from '../../core/present.js';
import { liveSpeakerEvent } from '../../events/index.js';
import { asVoicePrintsError, type LiveSession } from '../../index.js';
import { scopeMissing } from '../access/admitKey.js';
import { actorOf, type Caller, mayDo } from '../access/caller.js';
import { newResumeToken } from '../keptStreams/resumeKey.js';
import type { Farewell, StreamHead } from '../keptStreams/streamHead.js';
import type { KeptSide, StreamKeeper } from '../keptStreams/streamKeeper.js';
import { refusalOf } from '../refusals/refusal.js';
import type { IncomingAudio } from './incomingAudio.js';
import { engineKeeping, KnownOpening, keeperOf } from './keeping.js';
import { Outbox } from './outbox.js';
import { answerTo, type PeopleSide } from './peopleCommands.js';
import type { Numbered, PeopleCommand } from './protocol.js';
import type { Listener, RestoredStream, StreamSessionOptions } from './streamSessionOptions.js';

/** Messages kept for a client that is disconnected or does not acknowledge: an hour of conversation. */
const MOST_MESSAGES = 10_000;
/** Of them, those that other processes are given. */
const MOST_KEPT_MESSAGES = 500;
/** Commands whose answers are remembered, so that a repeated one is executed once. */
const MOST_COMMANDS = 100;

/** One stream, which survives broken connections: processing continues, and messages are kept for the client. */
export class StreamSession {
  readonly tenantId: string;
  readonly resumeToken: string;
  readonly audio: IncomingAudio;
  readonly #options: StreamSessionOptions;
  readonly #live: LiveSession;
  readonly #outbox = new Outbox(MOST_MESSAGES);
  readonly #commands = new Set<string>();
  readonly #keeper: StreamKeeper | undefined;
  /** Messages up to this number may be sent. */
  #releasedSeq = 0;
  readonly #opening: KnownOpening;
  #listener: Listener | undefined;
  #countedMs = 0;
  #farewell: NodeJS.Timeout | undefined;
  #isOver = false;
  /** Error thrown because the tenant's minutes are used up: sent after the last turns. */
  #outOfAudio: unknown;
  /** How the connection is closed; set once the last message is written. */
  #last: Farewell | undefined;

  constructor(options: StreamSessionOptions) {
    const { engine, tenantId, hello, audio, keeping } = options;
    const from = keeping?.from;
    this.#options = options;
    this.tenantId = tenantId;
    this.audio = audio;
    this.resumeToken = from?.token ?? newResumeToken();
    this.#opening = new KnownOpening(from !== undefined);
    this.#keeper = keeping && keeperOf(keeping, this.resumeToken, { ...options, side: this.#keptSide() });
    if (from) this.#restore(from);
    this.#live = engine.watch({
      audio: audio.source,
      tenantId,
      site: hello.site,
      ...present({ speakerIds: hello.speakerIds, falseAcceptPercent: hello.falseAcceptPercent }),
      ...(keeping && { sessionId: keeping.sessionId, keeping: engineKeeping(from, this.#keeper) }),
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

  /** Position before which the client need not keep its audio. */
  get ackPosition(): number {
    return this.#keeper?.position ?? this.audio.position;
  }

  /** Keeps the stream for other processes before its client knows of it. */
  async begin(): Promise<void> {
    await this.#keeper?.begin();
  }

  /** False where another process has taken it over. Throws REGISTRY_UNAVAILABLE. */
  async isHeld(): Promise<boolean> {
    return (await this.#keeper?.isHeld()) ?? true;
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
    for (const { text } of this.#outbox.after(lastSeq, this.#releasedSeq) ?? []) listener.send(text);
    this.#outbox.acknowledge(lastSeq);
    this.#keeper?.waitsForClient(false);
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
    this.#keeper?.waitsForClient(true);
    this.#farewell = setTimeout(() => this.disposeSoon(), resumeMs);
  }

  acknowledge(seq: number): void {
    this.#outbox.acknowledge(Math.min(seq, this.#releasedSeq));
  }

  /** The client has sent all its audio: sends the last turns, then the end. */
  end(): void {
    this.audio.source.end();
  }

  /** Leaves the stream to the process to which its client returns. */
  async handOver(): Promise<void> {
    await this.#keeper?.handOver();
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
      await this.#keeper?.end();
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
    const receivedMs = Math.max(this.#countedMs, this.audio.receivedMs); // what is sent again counts once
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
    const answering = async (): Promise<void> => this.#emit(await answerTo(command, this.#peopleSide(actor)));
    guarded((thrown) => this.#emit({ type: 'refused', id, ...this.#problemOf(thrown) }), answering)();
  }

  #peopleSide(actor: Actor): PeopleSide {
    const { engine, hello } = this.#options;
    return { engine, live: this.#live, tenantId: this.tenantId, languageCode: hello.languageCode, actor };
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
        const isProvisional = event.type === 'turn' && !event.turn.isFinal;
        if ((isProvisional && !hello.isTentative) || this.#opening.isKnown(event)) continue;
        this.#emit({ type: 'event', event: shown }, isProvisional);
      }
      this.#keeper?.sessionEnded();
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
    this.#keeper?.sessionEnded();
    this.#emit({ type: 'failed', ...problem });
  }

  #emit(message: Numbered, isProvisional = false): void {
    if (this.#isOver) return;
    this.#outbox.add(message);
    const { lastSeq } = this.#outbox;
    if (this.#keeper) this.#keeper.add(lastSeq, { isProvisional });
    else this.#release(lastSeq);
  }

  #release(seq: number): void {
    if (this.#isOver) return;
    for (const { text } of this.#outbox.after(this.#releasedSeq, seq) ?? []) this.#listener?.send(text);
    this.#releasedSeq = seq;
    this.#closeListener();
  }

  /** What a keeper asks of this stream. */
  #keptSide(): KeptSide {
    return {
      head: () => this.#head(),
      placeOf: (sample) => this.audio.placeOf(sample),
      released: (seq) => this.#release(seq),
      lost: () => this.#lost(),
      failed: (error) => void this.#problemOf(error),
    };
  }

  #head(): Omit<StreamHead, 'version' | 'position' | 'sample'> {
    const { apiKey: _, ...hello } = this.#options.hello;
    return {
      hello,
      countedMs: this.#countedMs,
      lastSeq: this.#outbox.lastSeq,
      messages: this.#outbox.kept.slice(-MOST_KEPT_MESSAGES),
      commands: [...this.#commands],
      ...present({ last: this.#last }),
    };
  }

  #restore({ head, clientSeq }: RestoredStream): void {
    this.#countedMs = head.countedMs;
    for (const id of head.commands) this.#commands.add(id);
    this.#outbox.restore(head.messages, Math.max(head.lastSeq, clientSeq));
    this.#releasedSeq = this.#outbox.lastSeq;
    this.#keeper?.startAt(this.#releasedSeq);
  }

  #lost(): void {
    this.#listener?.close('takenOver', 'another connection has resumed this session');
    this.disposeSoon();
  }

  #closeListener(): void {
    if (this.#releasedSeq < this.#outbox.lastSeq) return;
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
