import { VoicePrintsError } from '../../core/errors.js';
import { SpeakerOfCommand } from './commandSpeaker.js';
import { formatOf, type IdentifyData } from './messages.js';
import { identityNames, personOf } from './people.js';
import { contextWith, speakerDataOf } from './speakerData.js';
import type { CommandContext, SpokenCommand } from './spokenCommand.js';
import type { WyomingEvent } from './wire.js';

export interface IdentificationRequest {
  /** Comes back with the answer. */
  readonly context?: IdentifyData['context'];
  /** Only these may be named; everybody where undefined. */
  readonly speakerIds?: readonly string[];
}

/** `identify`: who speaks in this audio. Answered with `identified` or `not-identified`. */
export class CommandIdentification implements SpokenCommand {
  readonly done: Promise<void>;
  readonly #context: CommandContext;
  readonly #given: IdentifyData['context'];
  readonly #commandSpeaker: SpeakerOfCommand;
  #finish: () => void = () => undefined;

  constructor(context: CommandContext, request: IdentificationRequest, start: WyomingEvent) {
    const { engine, tenantId, falseAcceptPercent, onSpeaker: onKnown } = context.surface;
    const { speakerIds } = request;
    this.#context = context;
    this.#given = request.context;
    this.#commandSpeaker = new SpeakerOfCommand({
      ...{ engine, tenantId, format: formatOf(start), speakerIds, falseAcceptPercent, onKnown },
    });
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  async receive({ payload }: WyomingEvent): Promise<void> {
    if (payload) this.#commandSpeaker.push(payload);
  }

  async stop(): Promise<void> {
    const speaker = await this.#commandSpeaker.end();
    const context = contextWith(this.#given, speakerDataOf(speaker));
    if (speaker.speakerId === null) {
      await this.#context.client.send({ type: 'not-identified', data: { context } });
    } else {
      const { engine, tenantId } = this.#context.surface;
      const names = identityNames(await engine.speakers(tenantId).list());
      const name = names.get(speaker.speakerId) ?? speaker.speakerId;
      const confidence = context.speaker_confidence;
      await this.#context.client.send({ type: 'identified', data: { name, confidence, context } });
    }
    this.#finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish();
    this.#commandSpeaker[Symbol.dispose]();
  }
}

/** What `identify` asks for. Throws SPEAKER_NOT_FOUND for a name that no enrolled person has. */
export async function identificationOf(
  { surface }: CommandContext,
  { names, context }: IdentifyData,
): Promise<IdentificationRequest> {
  if (!names?.length) return { context };
  const people = await surface.engine.speakers(surface.tenantId).list();
  const speakerIds = names.map((name) => {
    const person = personOf(people, name);
    if (person) return person.speakerId;
    throw new VoicePrintsError(
      'SPEAKER_NOT_FOUND',
      'no one is enrolled under one of the names; enrol them, or leave the name out',
    );
  });
  return { context, speakerIds };
}
