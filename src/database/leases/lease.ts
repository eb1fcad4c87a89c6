/** How long a lease lasts without being renewed, by the server's clock. */
export const LEASE_MS = 3_000;
/** How long before that end its holder gives up by its own clock: what listens has to be closed by then. */
export const MARGIN_MS = 600;
/** Interval of renewals. */
export const BEAT_MS = 700;
/** A process whose load reaches this takes nothing more. */
export const FULL_LOAD = 0.7;

/** Something that one process at a time may do. */
export interface Claim {
  /** The same in every process. */
  readonly name: string;
  /** Claims of one group are held by the same process, where that is possible. */
  readonly group: string;
}

/** A process as the others see it. */
export interface Peer {
  readonly processId: string;
  /** 0: idle; 1: nothing more is possible. */
  readonly load: number;
  /** Names of the claims it would take. */
  readonly wants: readonly string[];
}

/** A lease that has not ended. */
export interface HeldLease {
  readonly name: string;
  readonly token: number;
  readonly processId: string;
}
