import { guarded } from '../../core/guarded.js';
import { untilAborted } from '../../stream/abortable.js';
import type { ByteSource } from '../byteSource.js';
import type { DecoderChild } from './decoderChild.js';

/**
 * How long a child that reads a file may neither write nor compute anything. GStreamer 1.22 stood still in five of thirty runs over an ASF file
 * with two tracks, six at a time, before the first sample or after the last one: all its threads wait for each other.
 */
const QUIET_MS = 10_000;
/** Children for one piece of work: each of them may stand still. */
export const STALL_TRIES = 3;

/** Thrown before the first sample: another child will do. */
export class StalledDecoder extends Error {}

/** What a child writes. One that reads a file and does nothing for QUIET_MS is killed; of others the source may be slow. */
export class WatchedOutput {
  readonly #child: DecoderChild;
  readonly #canStall: boolean;
  readonly #signal: AbortSignal;
  #isStalled = false;

  constructor(child: DecoderChild, source: ByteSource, signal: AbortSignal) {
    this.#child = child;
    this.#canStall = source.descriptor !== undefined;
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
        const timer = this.#canStall ? this.#watch() : undefined;
        const next = await output.next().finally(() => clearInterval(timer));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await output.return(undefined);
    }
  }

  /** On a busy machine a child may be slow, but its processor time grows. */
  #watch(): NodeJS.Timeout {
    let before = this.#child.processorTicks();
    const look = () => {
      const now = this.#child.processorTicks();
      this.#isStalled = now === before;
      before = now;
      if (this.#isStalled) this.#child.kill();
    };
    return setInterval(
      guarded(() => undefined, look),
      QUIET_MS,
    );
  }
}
