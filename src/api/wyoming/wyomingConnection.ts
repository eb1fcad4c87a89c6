import { once } from 'node:events';
import type { Socket } from 'node:net';
import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import { RAW_SAMPLE_BYTES } from '../../core/recording.js';
import { refusalOf } from '../refusals/refusal.js';
import { assertMayEnrol, CommandEnrolment, deletePerson } from './enrolment.js';
import { CommandIdentification, identificationOf } from './identification.js';
import { infoEvent } from './info.js';
import { deleteOf, enrollOf, formatOf, identifyOf, pingOf } from './messages.js';
import type { CommandContext, SpokenCommand, WyomingClient } from './spokenCommand.js';
import type { WyomingSurface } from './surface.js';
import { Transcription } from './transcription.js';
import { encodeEvent, readEvents, type WyomingEvent } from './wire.js';

/** How long a client has to take the last event before the connection is cut. */
const FAREWELL_MS = 1_000;

/** What the next audio is for. */
type Purpose = (start: WyomingEvent) => Promise<SpokenCommand>;

/** One client. Whatever it sends ends at most its own connection. */
export class WyomingConnection implements WyomingClient {
  readonly #surface: WyomingSurface;
  readonly #socket: Socket;
  readonly #keep: () => () => void;
  readonly #ending = new AbortController();
  readonly #context: CommandContext;
  #purpose: Purpose | undefined;
  /** `select-program`, which holds for the whole connection. */
  #selected: WyomingEvent | undefined;
  #command: SpokenCommand | undefined;
  /** Between `audio-start` and `audio-stop`. */
  #isSpoken = false;
  #bytesPerMs = 1;
  #audioBytes = 0;

  /** @param keep protects the connection while a command is in progress; the returned function ends that */
  constructor(surface: WyomingSurface, socket: Socket, keep: () => () => void = () => () => undefined) {
    this.#surface = surface;
    this.#socket = socket;
    this.#keep = keep;
    this.#context = { surface, client: this };
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#ending.abort());
    socket.on(
      'timeout',
      guarded(
        () => socket.destroy(),
        () => this.#timedOut(),
      ),
    );
    socket.setTimeout(surface.limits.idleMs);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Reads and answers until the connection ends. Never rejects. */
  async run(): Promise<void> {
    try {
      // Not destroyed with the iterator: the last answer is still to be written.
      for await (const event of readEvents(this.#socket.iterator({ destroyOnReturn: false }))) {
        if (this.signal.aborted) break;
        await this.#handle(event);
      }
    } catch (thrown) {
      await this.fail(thrown);
    } finally {
      this.#farewell();
      await this.#drop();
    }
  }

  async send(event: WyomingEvent): Promise<void> {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    if (this.#socket.write(encodeEvent(event))) return;
    await once(this.#socket, 'drain', { signal: this.signal }).catch(() => undefined); // it is gone
  }

  async fail(thrown: unknown): Promise<void> {
    if (this.signal.aborted) return;
    await this.#refuse(thrown).catch(() => undefined);
    this.#farewell();
  }

  /** The server ends. */
  close(): void {
    this.#farewell();
  }

  async #handle(event: WyomingEvent): Promise<void> {
    switch (event.type) {
      case 'describe':
        return this.#describe();
      case 'ping':
        return this.send({ type: 'pong', data: { text: pingOf(event).text ?? null } });
      case 'select-program':
        this.#selected = event;
        return;
      case 'transcribe':
        this.#purpose = this.#transcription(event);
        return;
      case 'identify':
        return this.#answering(async () => {
          const request = await identificationOf(this.#context, identifyOf(event));
          this.#purpose = async (start) => new CommandIdentification(this.#context, request, start);
        });
      case 'enroll':
        return this.#answering(async () => {
          assertMayEnrol(this.#context);
          const data = enrollOf(event);
          this.#purpose = async (start) => new CommandEnrolment(this.#context, data, start);
        });
      case 'delete':
        return this.#answering(async () => {
          assertMayEnrol(this.#context);
          await deletePerson(this.#context, deleteOf(event));
        });
      case 'audio-start':
        return this.#start(event);
      case 'audio-chunk':
        return this.#receive(event);
      case 'audio-stop':
        return this.#stop(event);
      case 'user-event':
        await this.#command?.passOn?.(event);
    }
  }

  async #describe(): Promise<void> {
    const { engine, tenantId, asr, prefix, mayEnrol } = this.#surface;
    const [programs, people] = await Promise.all([
      asr?.info.get(),
      mayEnrol ? engine.speakers(tenantId).list() : undefined,
    ]);
    const isStreaming = prefix === undefined;
    await this.send(infoEvent({ modelId: engine.model.id, asr: programs, people, isStreaming }));
  }

  #transcription(transcribe: WyomingEvent): Purpose {
    return async (start) => {
      if (!this.#surface.asr) {
        throw new VoicePrintsError(
          'INPUT_INVALID',
          'no speech-to-text service is set here; start the server with --wyoming-asr, or send identify first',
        );
      }
      const requests = this.#selected ? [this.#selected, transcribe] : [transcribe];
      return Transcription.open(this.#context, { requests, start });
    };
  }

  /** Without a request before it, audio is to be transcribed where that is possible. */
  async #start(start: WyomingEvent): Promise<void> {
    await this.#drop();
    const usual = this.#surface.asr ? 'transcribe' : 'identify';
    const purpose =
      this.#purpose ??
      (usual === 'transcribe'
        ? this.#transcription({ type: usual, data: {} })
        : async (event: WyomingEvent) => new CommandIdentification(this.#context, {}, event));
    this.#purpose = undefined;
    const { encoding, sampleRateHz, channels } = formatOf(start);
    this.#bytesPerMs = (RAW_SAMPLE_BYTES[encoding] * channels * sampleRateHz) / 1_000;
    this.#audioBytes = 0;
    const leave = this.#enter();
    try {
      this.#command = await purpose(start);
    } catch (thrown) {
      leave();
      throw thrown;
    }
    void this.#command.done.finally(leave);
    this.#isSpoken = true;
    this.#socket.setTimeout(this.#surface.limits.silenceMs);
  }

  /** Takes a place among the commands in progress; the returned function gives it back. */
  #enter(): () => void {
    const { streams, limits } = this.#surface;
    if (streams.count >= limits.maxStreams) {
      throw new VoicePrintsError('ENGINE_BUSY', 'too many commands are spoken at once; try again');
    }
    streams.count += 1;
    const giveBack = this.#keep();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      streams.count -= 1;
      giveBack();
    };
  }

  async #receive(chunk: WyomingEvent): Promise<void> {
    if (!this.#isSpoken || !this.#command) return; // the rest of a command that was answered already
    this.#audioBytes += chunk.payload?.length ?? 0;
    const { maxAudioMs } = this.#surface.limits;
    if (this.#audioBytes / this.#bytesPerMs > maxAudioMs) {
      throw new VoicePrintsError('AUDIO_TOO_LONG', `one command has at most ${maxAudioMs / 1_000} s; send audio-stop`);
    }
    await this.#command.receive(chunk);
  }

  async #stop(event: WyomingEvent): Promise<void> {
    if (!this.#isSpoken || !this.#command) return;
    this.#isSpoken = false;
    this.#socket.setTimeout(this.#surface.limits.idleMs);
    await this.#command.stop(event);
  }

  /** Work whose failure is an answer: the connection goes on. */
  async #answering(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#purpose = undefined;
      await this.#refuse(thrown);
    }
  }

  async #refuse(thrown: unknown): Promise<void> {
    const { code, message, type } = refusalOf(thrown);
    if (type === 'api_error') this.#surface.report({ requestId: 'wyoming', code, error: thrown });
    await this.send({ type: 'error', data: { text: message, code } });
  }

  async #timedOut(): Promise<void> {
    if (!this.#isSpoken) return void this.#socket.destroy();
    const { silenceMs } = this.#surface.limits;
    const message = `no audio has come for ${silenceMs / 1_000} s; end a command with audio-stop`;
    await this.fail(new VoicePrintsError('LIVE_STALLED', message));
  }

  async #drop(): Promise<void> {
    const command = this.#command;
    this.#command = undefined;
    this.#isSpoken = false;
    await command?.[Symbol.asyncDispose]();
  }

  /** What is written still goes out; a client that does not take it is cut off. */
  #farewell(): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return;
    socket.end();
    const cut = setTimeout(() => socket.destroy(), FAREWELL_MS);
    socket.once('close', () => clearTimeout(cut));
    this.#ending.abort();
  }
}
