/** A datagram that comes this much later than its place ends a pause; less is a line that hesitates, or lost packets. */
const PAUSE_MS = 1_000;

/** When the audio of datagrams was recorded: they have no times of their own, so they follow on each other, but for pauses. */
export class ArrivalClock {
  #nextMs: number | undefined;

  /** Length of the pause before audio of `lengthMs` that has come at `nowMs`; 0 where it follows on the last. */
  pauseBefore(lengthMs: number, nowMs: number): number {
    const startMs = nowMs - lengthMs;
    const lateMs = startMs - (this.#nextMs ?? startMs);
    const pauseMs = lateMs > PAUSE_MS ? lateMs : 0;
    this.#nextMs = (this.#nextMs ?? startMs) + pauseMs + lengthMs;
    return pauseMs;
  }
}
