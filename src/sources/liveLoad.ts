import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Engine } from '../index.js';

/** Over how long the load is averaged. */
const AVERAGED_MS = 5_000;

/**
 * How much of what this process can do for live streams is used: of the threads of the networks, or of the event loop, through which
 * all audio comes, whichever is used more. 0..1, over the last seconds.
 */
export class LiveLoad {
  readonly #engines = new Map<Engine, number>();
  #loop: EventLoopUtilization = performance.eventLoopUtilization();
  #lookedAtMs = performance.now();
  #average = 0;

  add(engine: Engine): void {
    this.#engines.set(engine, engine.liveBusyMs);
  }

  /** To be called about every second. */
  look(): number {
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.#lookedAtMs);
    const loop = performance.eventLoopUtilization();
    let busyMs = 0;
    for (const [engine, before] of this.#engines) {
      const { liveBusyMs } = engine;
      busyMs += liveBusyMs - before;
      this.#engines.set(engine, liveBusyMs);
    }
    const { utilization } = performance.eventLoopUtilization(loop, this.#loop);
    const used = Math.min(1, Math.max(utilization, busyMs / elapsedMs));
    this.#average += (used - this.#average) * (1 - Math.exp(-elapsedMs / AVERAGED_MS));
    this.#loop = loop;
    this.#lookedAtMs = nowMs;
    return Math.round(this.#average * 100) / 100;
  }
}
