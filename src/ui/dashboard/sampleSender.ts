import type { EnrollResult } from '../../core/identification.js';
import { Refused } from '../client/refused.js';
import type { TextsOf } from '../texts/catalogue.js';

/** As the node takes it (nodes/ui-voices/spokenSamples.ts). */
export const MOST_SECONDS = 60;
const SAMPLE_RATE_HZ = 16_000;
/** Five seconds: well below the megabyte that Dashboard 2 takes at once. */
const PIECE_SAMPLES = 5 * SAMPLE_RATE_HZ;
/** A second; the gate asks for six. */
const SHORTEST_SAMPLES = SAMPLE_RATE_HZ;
const WAV_HEADER_BYTES = 44;
/** Other enrolments may wait in the flow before this one. */
const PATIENCE_MS = 120_000;

interface SpokenPerson {
  readonly speakerId: string;
  readonly name: string;
  readonly consent: string;
}

export type EnrolmentOutcome = Pick<EnrollResult, 'name' | 'status' | 'speechSeconds' | 'quality' | 'reasons'>;

/** What the node says of one recording. */
interface SampleAnswer {
  readonly id: string;
  readonly error?: string;
  readonly status?: EnrollResult['status'];
  readonly speechSeconds: number;
  readonly quality: EnrollResult['quality'];
  readonly reasons: readonly Pick<EnrollResult['reasons'][number], 'code' | 'refuses'>[];
}

/** Sends recordings to the node in pieces, and finds the flow's answer to each. */
export class SampleSender {
  readonly #emit: (piece: object) => void;
  readonly #text: TextsOf;
  readonly #waiting = new Map<string, (answer: SampleAnswer | undefined) => void>();

  constructor(emit: (piece: object) => void, text: TextsOf) {
    this.#emit = emit;
    this.#text = text;
  }

  /** Throws Refused, with the reasons of the gate where it refused. */
  async send(wav: Blob, person: SpokenPerson): Promise<EnrolmentOutcome> {
    const samples = await samplesOf(wav);
    const id = crypto.randomUUID();
    const count = Math.ceil(samples.length / PIECE_SAMPLES);
    const answered = this.#answerTo(id);
    for (let index = 0; index < count; index += 1) {
      const piece = samples.slice(index * PIECE_SAMPLES, (index + 1) * PIECE_SAMPLES);
      this.#emit({ id, index, count, person, samples: piece.buffer });
    }
    const answer = await answered;
    if (answer === undefined) throw new Refused(0, 'NO_ANSWER', this.#text('here.noAnswer'));
    const { status, error, speechSeconds, quality } = answer;
    const reasons = answer.reasons.map(({ code, refuses }) => ({ code, refuses, message: '' }));
    if (status === undefined) throw new Refused(0, error ?? '', this.#text('here.failed', { code: error ?? '' }));
    if (status === 'rejected') throw new Refused(422, 'ENROLMENT_REFUSED', '', reasons);
    return { name: person.name, status, speechSeconds, quality, reasons };
  }

  /** A message of the node. */
  hear(msg: unknown): void {
    const { payload } = (msg ?? {}) as { readonly payload?: { readonly enrolment?: SampleAnswer | null } };
    const answer = payload?.enrolment;
    if (answer) this.#waiting.get(answer.id)?.(answer);
  }

  #answerTo(id: string): Promise<SampleAnswer | undefined> {
    return new Promise((resolve) => {
      const settle = (answer: SampleAnswer | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(settle, PATIENCE_MS, undefined);
      this.#waiting.set(id, settle);
    });
  }
}

/** A recording at 16 kHz; the browser brings it there, with the filter that it needs. Throws Refused where there is next to nothing. */
async function samplesOf(wav: Blob): Promise<Int16Array<ArrayBuffer>> {
  const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
  const encoded = await wav.arrayBuffer();
  const decoded = encoded.byteLength > WAV_HEADER_BYTES ? await decoder.decodeAudioData(encoded) : undefined;
  const values = decoded?.getChannelData(0).subarray(0, MOST_SECONDS * SAMPLE_RATE_HZ) ?? [];
  if (values.length < SHORTEST_SAMPLES) {
    throw new Refused(422, 'ENROLMENT_REFUSED', '', [{ code: 'TOO_LITTLE_SPEECH', refuses: true, message: '' }]);
  }
  return Int16Array.from(values, (value) => Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768))));
}
