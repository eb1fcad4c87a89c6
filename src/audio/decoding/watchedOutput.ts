import { guarded } from '../../core/guarded.js';
import { untilAborted } from '../../stream/abortable.js';
import type { DecoderChild } from './decoderChild.js';

/**
 * How long a child that has input may neither write nor compute anything. GStreamer 1.22 stood still in five of thirty runs over an ASF
 * file with two tracks, six at a time, before the first sample or after the last one: all its threads wait for each other. So
 * it did in two of 360 runs over a pipe with a FLAC file of 60 bytes, after it had said that there is nothing to decode.
 */
const QUIET_MS = 10_000;
/** Children for one piece of work: each of them may stand still. */
export const STALL_TRIES = 3;

/** Thrown before the first sample: another child will do. */
export class StalledDecoder extends Error {}

/** What a child writes. One that does nothing for QUIET_MS is killed, unless it waits for a slow source. */
export class WatchedOutput {
  readonly #child: DecoderChild;
  readonly #signal: AbortSignal;
  #isStalled = false;

  constructor(child: DecoderChild, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
  }

  /** Whether it stood still and was killed. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const output = untilAborted<Uint8Array>(this.#child.stdout, this.#signal);
    try {
      for (;;) {
        // Runs while the child is waited for, not while its output is processed.
        const timer = this.#watch();
        const next = await output.next().finally(() => clearInterval(timer));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await output.return(undefined);
    }
  }

  /**
   * On a busy machine a child may be slow, but its processor time grows. Where the system does not tell it, nothing is judged: a first
   * start of GStreamer looks at all its plug-ins for longer than QUIET_MS.
   */
  #watch(): NodeJS.Timeout {
    let before = this.#child.processorTicks();
    const look = () => {
      const now = this.#child.processorTicks();
      this.#isStalled = now !== undefined && now === before && !this.#child.awaitsInput;
      before = now;
      if (this.#isStalled) this.#child.kill();
    };
    return setInterval(
      guarded(() => undefined, look),
      QUIET_MS,
    );
  }
}
