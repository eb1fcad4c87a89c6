/** What 100 ms of a microphone sound like. */
export interface SoundLevel {
  /** Root mean square in dBFS, at least -100. */
  readonly loudnessDb: number;
  readonly isClipped: boolean;
}

const FULL_SCALE = 32_768;
const SILENCE_DB = -100;
/** Samples in a row at the end of the scale that a voice does not reach by itself. */
const CLIPPED_RUN = 3;
const CLIPPED_FROM = 0.995 * FULL_SCALE;

export function soundLevelOf(samples: Int16Array): SoundLevel {
  let sum = 0;
  let run = 0;
  let isClipped = false;
  for (const sample of samples) {
    sum += sample * sample;
    run = Math.abs(sample) >= CLIPPED_FROM ? run + 1 : 0;
    if (run >= CLIPPED_RUN) isClipped = true;
  }
  const rms = Math.sqrt(sum / Math.max(1, samples.length)) / FULL_SCALE;
  return { loudnessDb: Math.max(SILENCE_DB, 20 * Math.log10(Math.max(rms, 1e-5))), isClipped };
}

/** Louder than the room by this much counts as speech. */
const ABOVE_ROOM_DB = 12;
/** Quieter than this is no usable speech, whatever the room. */
const FAINT_DB = -50;
/** The room is what the quietest tenth of the last ten seconds is. */
const REMEMBERED = 100;

/**
 * Estimates how much of what a microphone hears is speech, to guide a person while they record. The server decides.
 * Blocks are those of the worklet, 100 ms each.
 */
export class SpeechEstimate {
  readonly #levels: number[] = [];
  #speechBlocks = 0;
  #blocks = 0;
  #clippedBlocks = 0;

  add({ loudnessDb, isClipped }: SoundLevel): void {
    this.#levels.push(loudnessDb);
    if (this.#levels.length > REMEMBERED) this.#levels.shift();
    this.#blocks += 1;
    if (loudnessDb >= Math.max(FAINT_DB, this.#roomDb() + ABOVE_ROOM_DB)) this.#speechBlocks += 1;
    if (isClipped) this.#clippedBlocks += 1;
  }

  get seconds(): number {
    return this.#blocks / 10;
  }

  get speechSeconds(): number {
    return this.#speechBlocks / 10;
  }

  /** Nothing in the last three seconds could be speech. */
  get isTooQuiet(): boolean {
    const last = this.#levels.slice(-30);
    return last.length === 30 && Math.max(...last) < FAINT_DB;
  }

  /** More than a hundredth of it is cut off. */
  get isClipped(): boolean {
    return this.#clippedBlocks > 2 && this.#clippedBlocks > this.#blocks / 100;
  }

  #roomDb(): number {
    const sorted = [...this.#levels].sort((a, b) => a - b);
    // A second of speech without a pause says nothing about the room.
    return this.#levels.length < 10 ? -70 : sorted[Math.floor(sorted.length / 10)]!;
  }
}
