/** A moment by the two clocks of a process. */
export interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

export const momentNow = (): Moment => ({ steadyMs: performance.now(), wallMs: Date.now() });

/** Time since then by the clock that says more: one may stand still while the machine is suspended, the other may be set back. */
export const sinceMs = ({ steadyMs, wallMs }: Moment): number =>
  Math.max(performance.now() - steadyMs, Date.now() - wallMs);
