import { setTimeout as sleep } from 'node:timers/promises';
import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import { AsrLink } from './asrLink.js';
import { type CommandSpeaker, SpeakerOfCommand } from './commandSpeaker.js';
import { formatOf, transcriptOf } from './messages.js';
import { contextWith, prefixed, type SpeakerData, speakerDataOf, speakerEvent } from './speakerData.js';
import type { CommandContext, SpokenCommand, WyomingClient } from './spokenCommand.js';
import type { WyomingSurface } from './surface.js';
import type { WyomingEvent } from './wire.js';

export interface TranscriptionRequest {
  /** `select-program` and `transcribe`, as the client sent them: the speech-to-text service gets them first. */
  readonly requests: readonly WyomingEvent[];
  /** `audio-start` */
  readonly start: WyomingEvent;
}

/**
 * A command on its way to the user's own speech-to-text service and its transcript on the way back, with the speaker in its
 * context. The speaker never costs a transcript: one that cannot be found out in time is left out.
 */
export class Transcription implements SpokenCommand {
  readonly done: Promise<void>;
  readonly #surface: WyomingSurface;
  readonly #client: WyomingClient;
  readonly #link: AsrLink;
  readonly #commandSpeaker: SpeakerOfCommand;
  #patience: NodeJS.Timeout | undefined;
  #finish: () => void = () => undefined;
  #isAnswered = false;
  #isOver = false;

  private constructor({ surface, client }: CommandContext, link: AsrLink, commandSpeaker: SpeakerOfCommand) {
    this.#surface = surface;
    this.#client = client;
    this.#link = link;
    this.#commandSpeaker = commandSpeaker;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    guarded(
      (thrown) => void this.#fail(thrown),
      () => this.#answer(),
    )();
  }

  /** Throws URL_UNREACHABLE where the service accepts no connection. */
  static async open(context: CommandContext, { requests, start }: TranscriptionRequest): Promise<Transcription> {
    const { engine, tenantId, falseAcceptPercent, asr, limits, onSpeaker: onKnown } = context.surface;
    const format = formatOf(start);
    const { signal } = context.client;
    const link = await AsrLink.open(asr!.address, { connectMs: limits.connectMs, signal });
    for (const event of [...requests, start]) await link.send(event);
    const commandSpeaker = new SpeakerOfCommand({ engine, tenantId, format, falseAcceptPercent, onKnown });
    return new Transcription(context, link, commandSpeaker);
  }

  async receive(event: WyomingEvent): Promise<void> {
    if (event.payload) this.#commandSpeaker.push(event.payload);
    await this.#link.send(event);
  }

  async stop(event: WyomingEvent): Promise<void> {
    this.#commandSpeaker.end().catch(() => undefined); // while the transcript is made
    if (!this.#isAnswered) {
      const late = new VoicePrintsError(
        'URL_TIMEOUT',
        'the speech-to-text service took too long for a transcript; check its load, or use a smaller model',
      );
      this.#patience = setTimeout(
        guarded(
          () => undefined,
          () => this.#fail(late),
        ),
        this.#surface.limits.transcriptMs,
      );
    }
    await this.#link.send(event);
  }

  async passOn(event: WyomingEvent): Promise<void> {
    await this.#link.send(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over();
  }

  async #answer(): Promise<void> {
    for await (const event of this.#link.events()) {
      if (this.#isOver) return;
      switch (event.type) {
        case 'transcript':
          await this.#transcript(event);
          break;
        // Pieces would be without the prefix.
        case 'transcript-start':
        case 'transcript-chunk':
          if (this.#surface.prefix === undefined) await this.#client.send(event);
          break;
        case 'transcript-stop':
          if (this.#surface.prefix === undefined) await this.#client.send(event);
          return;
        case 'error':
        case 'user-event':
          await this.#client.send(event);
      }
    }
    if (!this.#isAnswered) {
      throw new VoicePrintsError(
        'URL_UNREACHABLE',
        'the speech-to-text service ended the connection without a transcript; check its log',
      );
    }
  }

  async #transcript(event: WyomingEvent): Promise<void> {
    const { text, context, ...more } = transcriptOf(event);
    const speaker = await this.#speaker();
    this.#isAnswered = true;
    clearTimeout(this.#patience);
    await this.#client.send(speakerEvent(speaker));
    await this.#client.send({
      type: 'transcript',
      data: { ...more, text: prefixed(text, this.#surface.prefix, speaker), context: contextWith(context, speaker) },
    });
    this.#finish(); // `transcript-stop` may follow, and takes no time
  }

  /** A service with an end-pointing of its own may answer before `audio-stop`: the audio until then counts. */
  async #speaker(): Promise<SpeakerData> {
    const given = new AbortController();
    try {
      const late = sleep(this.#surface.limits.nameMs, undefined, { signal: given.signal, ref: false });
      const speaker = await Promise.race<CommandSpeaker | undefined>([this.#commandSpeaker.end(), late]);
      return speakerDataOf(speaker);
    } catch (error) {
      this.#surface.report({ requestId: 'wyoming', code: 'INTERNAL', error });
      return speakerDataOf(undefined);
    } finally {
      given.abort();
    }
  }

  async #fail(thrown: unknown): Promise<void> {
    const isAwaited = !this.#isOver && !this.#isAnswered;
    this.#over();
    if (isAwaited) await this.#client.fail(thrown);
  }

  #over(): void {
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#link[Symbol.dispose]();
    this.#commandSpeaker[Symbol.dispose]();
    this.#finish();
  }
}
