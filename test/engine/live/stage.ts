import type { LiveEvent, LiveItem } from '../../../src/core/live.js';
import { joined, liveItems, pause } from './liveAudio.js';

/** Audio that goes on when the test says so. */
export class Stage {
  readonly #parts: Float32Array[] = [];
  #sample = 0;
  #isOver = false;
  #wake: () => void = () => undefined;

  say(samples: Float32Array): void {
    this.#parts.push(joined(samples, pause(1)));
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *items(): AsyncGenerator<LiveItem> {
    for (;;) {
      const part = this.#parts.shift();
      if (part) {
        yield* liveItems(part, this.#sample);
        this.#sample += part.length;
        yield { type: 'state', state: { status: 'held' } }; // the part was heard to its end
      } else if (this.#isOver) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** Events until the part just said was heard. */
export async function untilHeard(events: AsyncGenerator<LiveEvent>): Promise<LiveEvent[]> {
  const all: LiveEvent[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done || (value.type === 'state' && value.state.status === 'held')) return all;
    all.push(value);
  }
}
