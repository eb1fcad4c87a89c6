import type { SampleSpan } from '../core/audioFrame.js';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES } from '../core/localVoices.js';
import { samplesOfMs } from '../core/time.js';

/** Shorter than this, a stretch of one voice says nothing of whose it is. */
const LEAST_PIECE_MS = 400;
/** Voices of two chunks that are both heard in fewer frames of their common part than this are not known to be one. */
const LEAST_COMMON_FRAMES = 10;
const HALF = 128;
const NOBODY = -1;
const SEVERAL = -2;
const ORDERS: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/**
 * Cuts speech where voices change and where several speak at once, so that no window holds two people. Chunks of local
 * voices are pushed as they come; each frame is read in the chunk in whose middle it lies most.
 */
export class SoloPieces {
  readonly #chunkFrames: number;
  readonly #hopFrames: number;
  /** Who speaks in each settled frame: a number for the voice, valid while it is heard, or NOBODY or SEVERAL. */
  readonly #voiceOf: number[] = [];
  #last: { readonly activity: Uint8Array; readonly numbers: readonly number[] } | undefined;
  #chunks = 0;
  #nextNumber = 0;

  constructor({ chunkFrames, hopFrames }: { readonly chunkFrames: number; readonly hopFrames: number }) {
    this.#chunkFrames = chunkFrames;
    this.#hopFrames = hopFrames;
  }

  /** Samples before this one will not be looked at again. */
  get settledSample(): number {
    return settledAfter(this.#chunks, { chunkFrames: this.#chunkFrames, hopFrames: this.#hopFrames });
  }

  /** Takes the next chunk, shape (chunkFrames, LOCAL_VOICES). */
  push(activity: Uint8Array): void {
    const numbers = this.#numbersOf(activity);
    const first = this.#chunks * this.#hopFrames;
    for (let frame = this.#voiceOf.length; frame < first + this.#chunkFrames; frame += 1) {
      this.#voiceOf.push(voiceIn(activity, frame - first, numbers));
    }
    this.#last = { activity, numbers };
    this.#chunks += 1;
    // What lies nearer to the middle of the next chunk is read there, if there is one.
    this.#tail = this.#voiceOf.splice(Math.ceil(this.settledSample / LOCAL_FRAME_SAMPLES));
  }
  #tail: number[] = [];

  /** The stream has ended: the last chunk is read to its end. */
  finish(): void {
    this.#voiceOf.push(...this.#tail);
    this.#tail = [];
  }

  /** Pieces of one voice within a stretch of speech, in order; the whole stretch where none is long enough. */
  piecesOf({ startSample, endSample }: SampleSpan): SampleSpan[] {
    const runs = this.#runsOf(startSample, endSample);
    const pieces = runs.filter((run) => run.endSample - run.startSample >= samplesOfMs(LEAST_PIECE_MS));
    return pieces.length > 0 ? pieces : [{ startSample, endSample }];
  }

  #runsOf(startSample: number, endSample: number): SampleSpan[] {
    const runs: { startSample: number; endSample: number }[] = [];
    let voice = NOBODY;
    let lastHeard = startSample;
    let open = false;
    for (let at = startSample; at < endSample; ) {
      const frame = Math.floor(at / LOCAL_FRAME_SAMPLES);
      const next = Math.min(endSample, (frame + 1) * LOCAL_FRAME_SAMPLES);
      const here = this.#voiceOf[frame] ?? NOBODY;
      if (here === SEVERAL) {
        if (open) runs.at(-1)!.endSample = lastHeard;
        open = false;
      } else if (here !== NOBODY) {
        if (!open)
          runs.push({ startSample: runs.length === 0 && voice === NOBODY ? startSample : at, endSample: next });
        else if (here !== voice) {
          const middle = Math.round((lastHeard + at) / 2);
          runs.at(-1)!.endSample = middle;
          runs.push({ startSample: middle, endSample: next });
        } else runs.at(-1)!.endSample = next;
        open = true;
        lastHeard = next;
      }
      if (here !== NOBODY) voice = here;
      at = next;
    }
    if (open) runs.at(-1)!.endSample = endSample; // the last sound fades after its last frame
    return runs;
  }

  /** A number for each voice of the chunk: that of the voice of the last chunk which is heard in the same frames. */
  #numbersOf(activity: Uint8Array): readonly number[] {
    const fresh = () => this.#nextNumber++;
    if (!this.#last) return Array.from({ length: LOCAL_VOICES }, fresh);
    const { activity: before, numbers } = this.#last;
    const common = commonFrames(before, activity, this.#hopFrames, this.#chunkFrames - this.#hopFrames);
    const sum = (order: readonly number[]) => order.reduce((total, old, own) => total + common[old]![own]!, 0);
    const best = ORDERS.reduce((a, b) => (sum(b) > sum(a) ? b : a));
    return best.map((old, own) => (common[old]![own]! >= LEAST_COMMON_FRAMES ? numbers[old]! : fresh()));
  }
}

/** Samples read for good after so many chunks: to half way between the middles of the last and the next. */
export const settledAfter = (
  chunks: number,
  { chunkFrames, hopFrames }: { readonly chunkFrames: number; readonly hopFrames: number },
): number => (chunks === 0 ? 0 : ((chunks - 1) * hopFrames + ((chunkFrames + hopFrames) >> 1)) * LOCAL_FRAME_SAMPLES);

function voiceIn(activity: Uint8Array, frame: number, numbers: readonly number[]): number {
  let found = NOBODY;
  for (let voice = 0; voice < LOCAL_VOICES; voice += 1) {
    if (activity[frame * LOCAL_VOICES + voice]! < HALF) continue;
    if (found !== NOBODY) return SEVERAL;
    found = numbers[voice]!;
  }
  return found;
}

/** Frames in which voice `row` of the earlier chunk and voice `column` of the later one are both heard. */
function commonFrames(before: Uint8Array, after: Uint8Array, hopFrames: number, frames: number): number[][] {
  const common = Array.from({ length: LOCAL_VOICES }, () => new Array<number>(LOCAL_VOICES).fill(0));
  for (let frame = 0; frame < frames; frame += 1) {
    for (let old = 0; old < LOCAL_VOICES; old += 1) {
      if (before[(hopFrames + frame) * LOCAL_VOICES + old]! < HALF) continue;
      for (let own = 0; own < LOCAL_VOICES; own += 1) {
        if (after[frame * LOCAL_VOICES + own]! >= HALF) common[old]![own]! += 1;
      }
    }
  }
  return common;
}
