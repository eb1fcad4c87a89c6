import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { RawFormat } from '../../core/recording.js';
import { type DeleteData, type EnrollData, formatOf } from './messages.js';
import { newSpeakerId, personOf } from './people.js';
import type { CommandContext, SpokenCommand } from './spokenCommand.js';
import type { WyomingEvent } from './wire.js';

/** Eight minutes at 16 kHz. */
const MOST_BYTES = 16 * 2 ** 20;
const ACTOR = { name: 'wyoming' };

/** Throws INPUT_INVALID where clients may not change who is enrolled. */
export function assertMayEnrol({ surface }: CommandContext): void {
  if (surface.mayEnrol) return;
  throw new VoicePrintsError(
    'INPUT_INVALID', // whoever asked must learn why: the texts of CONFIG_INVALID stay in the log
    'clients may not enrol or delete people here; start the server with --wyoming-enrol to allow it',
  );
}

/** `enroll`: this audio is a sample of somebody. Answered with `enrolled`, or with an `error` that says why not. */
export class CommandEnrolment implements SpokenCommand {
  readonly done: Promise<void>;
  readonly #context: CommandContext;
  readonly #data: EnrollData;
  readonly #format: RawFormat;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #finish: () => void = () => undefined;

  constructor(context: CommandContext, data: EnrollData, start: WyomingEvent) {
    this.#context = context;
    this.#data = data;
    this.#format = formatOf(start);
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  async receive({ payload }: WyomingEvent): Promise<void> {
    if (!payload) return;
    this.#bytes += payload.length;
    if (this.#bytes > MOST_BYTES) {
      throw new VoicePrintsError('AUDIO_TOO_LARGE', 'the sample is above 16 MB; 15 to 60 s of speech are enough');
    }
    this.#chunks.push(payload.slice());
  }

  async stop(): Promise<void> {
    const { surface, client } = this.#context;
    const { engine, tenantId } = surface;
    const { name, model, context } = this.#data;
    const known = personOf(await engine.speakers(tenantId).list(), name);
    const bytes = Buffer.concat(this.#chunks.splice(0));
    const result = await engine.enroll(
      {
        tenantId,
        speakerId: known?.speakerId ?? newSpeakerId(name),
        ...(known ? {} : { name }),
        samples: [{ kind: 'bytes', bytes, rawFormat: this.#format }],
        ...present({ consentText: context?.consent || undefined, consentVersion: context?.consent_version }),
      },
      { signal: client.signal, actor: ACTOR },
    );
    if (result.status === 'rejected') {
      const why = result.reasons.filter(({ refuses }) => refuses).map(({ message }) => message);
      throw new VoicePrintsError('ENROLL_REFUSED', why.join('; ') || 'the sample was refused; record another one');
    }
    const outcome = {
      ...context,
      status: result.status,
      quality: result.quality,
      speech_seconds: result.speechSeconds,
      reasons: result.reasons.map(({ message }) => message),
    };
    await client.send({
      type: 'enrolled',
      data: { name, ...present({ model: model ?? undefined }), context: outcome },
    });
    this.#finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#chunks.length = 0;
    this.#finish();
  }
}

/** `delete`: erases somebody for good. Throws SPEAKER_NOT_FOUND. */
export async function deletePerson({ surface, client }: CommandContext, data: DeleteData): Promise<void> {
  const directory = surface.engine.speakers(surface.tenantId, ACTOR);
  const person = personOf(await directory.list(), data.name);
  if (!person || !(await directory.delete(person.speakerId))) {
    throw new VoicePrintsError(
      'SPEAKER_NOT_FOUND',
      'no one is enrolled under this name; ask for the names with describe',
    );
  }
  const { name, model, context } = data;
  const more = present({ model: model ?? undefined, context: context ?? undefined });
  await client.send({ type: 'deleted', data: { name, ...more } });
}
