import { type Claim, LEASE_MS, MARGIN_MS } from './lease.js';
import { type Moment, sinceMs } from './moment.js';

interface Holding {
  readonly token: number;
  /** Before the renewal was sent: the server counts from later on. */
  readonly renewedAt: Moment;
}

export interface ClaimEvents {
  /** It was given to this process, or lost, or is held elsewhere, or no more. */
  readonly onChange: () => void;
  /** The keeper is to look at the tables now. */
  readonly onWish: () => void;
  /** This lease is not used any more. */
  readonly onReturned: (token: number) => void;
}

/** What one owner in this process wants to do alone among all processes. */
export class LeaseClaim {
  readonly name: string;
  group: string;
  /** What other processes may know of what is done; told with each renewal. Plain data, no names of people. */
  report: object | undefined;
  readonly #events: ClaimEvents;
  #holding: Holding | undefined;
  #isYielding = false;
  #isElsewhere = false;
  #isWanted = false;

  constructor({ name, group }: Claim, events: ClaimEvents) {
    this.name = name;
    this.group = group;
    this.#events = events;
  }

  /**
   * Fencing token while this process may do it, else undefined. It ends by this process' own clock before another process can
   * get the lease. A later holder's token is greater.
   */
  get token(): number | undefined {
    return this.#isYielding || this.leftMs <= 0 ? undefined : this.#holding?.token;
  }

  /** Whether another process does it. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Whether the lease is to be taken where nobody holds it. What is held stays so until `giveBack`. */
  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.#events.onWish();
  }

  /** Only once what the lease is for has ended. */
  giveBack(): void {
    const token = this.#holding?.token;
    this.#holding = undefined;
    this.#isYielding = false;
    if (token !== undefined) this.#events.onReturned(token);
  }

  /** Of the lease as the server has it, whatever the clock says. For the keeper. */
  get keptToken(): number | undefined {
    return this.#holding?.token;
  }

  /** Until the lease counts as lost; 0 without one. */
  get leftMs(): number {
    return this.#holding ? Math.max(0, LEASE_MS - MARGIN_MS - sinceMs(this.#holding.renewedAt)) : 0;
  }

  /** The server has given or renewed it. */
  hold(holding: Holding): void {
    const isNew = this.#holding?.token !== holding.token;
    this.#holding = holding;
    if (!isNew) return;
    this.#isElsewhere = false;
    // It took so long that the lease is over, or nobody wants it any more.
    if (this.leftMs <= 0 || !this.#isWanted) this.giveBack();
    else this.#events.onChange();
  }

  /** It is lost: by the clock, or the server does not know it. */
  lose(): void {
    if (!this.#holding) return;
    this.#holding = undefined;
    this.#isYielding = false;
    this.#events.onChange();
  }

  /** It is to end and to be given back. */
  yield(): void {
    if (!this.#holding || this.#isYielding) return;
    this.#isYielding = true;
    this.#events.onChange();
  }

  /** Whether the tables say that another process has it. */
  seen(isElsewhere: boolean): void {
    if (isElsewhere === this.#isElsewhere) return;
    this.#isElsewhere = isElsewhere;
    this.#events.onChange();
  }
}
