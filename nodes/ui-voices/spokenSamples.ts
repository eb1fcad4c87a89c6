import { z } from 'zod';
import { wavHeader } from '../../src/core/wavHeader.js';

const SAMPLE_RATE_HZ = 16_000;
const BYTES_PER_SECOND = 2 * SAMPLE_RATE_HZ;
/** Of at most five seconds each, a minute in all. */
const PIECE_BYTES = 5 * BYTES_PER_SECOND;
const MOST_PIECES = 12;
/** Recordings of which pieces are missing; more are not begun, so that browsers cannot fill the memory. */
const MOST_UNFINISHED = 8;
const PATIENCE_MS = 60_000;

const piece = z.object({
  sample: z
    .strictObject({
      id: z.uuid(),
      index: z.number().int().nonnegative(),
      count: z.number().int().min(1).max(MOST_PIECES),
      samples: z
        .instanceof(Uint8Array)
        .refine(
          ({ length }) => length > 0 && length <= PIECE_BYTES && length % 2 === 0,
          'pieces have 5 seconds at most',
        ),
      person: z.strictObject({
        speakerId: z.string().regex(/^[A-Za-z0-9_]{1,128}$/),
        name: z.string().trim().min(1).max(200),
        consent: z.string().trim().min(1).max(4_096),
      }),
    })
    .refine(({ index, count }) => index < count, 'no such piece'),
});

interface Unfinished {
  readonly count: number;
  readonly pieces: Map<number, Uint8Array>;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** What enroll-speaker takes, with an id by which its answer is found again. */
export interface SpokenSample {
  readonly payload: Buffer;
  readonly speakerId: string;
  readonly speakerName: string;
  readonly consent: string;
  readonly enrolmentId: string;
}

/** Puts recordings together that browsers send in pieces. What is no piece of one does nothing. */
export class SpokenSamples {
  readonly #unfinished = new Map<string, Unfinished>();

  /** The whole recording with its last piece. */
  take(msg: unknown): SpokenSample | undefined {
    const read = piece.safeParse(msg);
    if (!read.success) return undefined;
    const { id, index, count, samples, person } = read.data.sample;
    const recording = this.#unfinished.get(id) ?? this.#begin(id, count);
    if (recording?.count !== count || recording.pieces.has(index)) return undefined;
    recording.pieces.set(index, samples);
    if (recording.pieces.size < count) return undefined;
    this.#drop(id);
    const inOrder = Array.from({ length: count }, (_, i) => recording.pieces.get(i)!);
    const { speakerId, name, consent } = person;
    return { payload: wavOf(inOrder), speakerId, speakerName: name, consent, enrolmentId: id };
  }

  close(): void {
    for (const id of this.#unfinished.keys()) this.#drop(id);
  }

  #begin(id: string, count: number): Unfinished | undefined {
    if (this.#unfinished.size >= MOST_UNFINISHED) return undefined;
    const timer = setTimeout(() => this.#drop(id), PATIENCE_MS).unref();
    const begun = { count, pieces: new Map<number, Uint8Array>(), timer };
    this.#unfinished.set(id, begun);
    return begun;
  }

  #drop(id: string): void {
    clearTimeout(this.#unfinished.get(id)?.timer);
    this.#unfinished.delete(id);
  }
}

function wavOf(pieces: readonly Uint8Array[]): Buffer {
  const dataBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([wavHeader(dataBytes, SAMPLE_RATE_HZ), ...pieces]);
}
