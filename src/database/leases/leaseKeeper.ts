import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { asVoicePrintsError, type VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import type { Database } from '../database.js';
import { OwnConnection } from '../ownConnection.js';
import { BEAT_MS, type Claim } from './lease.js';
import { LeaseClaim } from './leaseClaim.js';
import { LEASES_CHANNEL, LeaseTable } from './leaseTable.js';
import { type Moment, momentNow, sinceMs } from './moment.js';
import { placement } from './placement.js';

/** A server that takes longer does not count: the lease may be over before the answer comes. */
const ANSWER_MS = 1_500;
/** After the end of another's lease: clocks of two statements. */
const AFTER_END_MS = 15;
/** Between two moves of a process, and after it took something: what has just begun is not disturbed again at once. */
const MOVE_MS = 2_000;
/** Between two looks at the tables, whatever wakes the keeper. */
const LEAST_PAUSE_MS = 10;

export interface LeaseKeeperOptions {
  readonly database: Database;
  /** What this process does, for those who look at the table of processes. */
  readonly roles: readonly string[];
  /** Share 0..1 of what this process can do at most that is used now; called with each heartbeat. */
  readonly load: () => number;
  /** Called once when the database stops answering, and with undefined when it answers again. */
  readonly onFault: (fault: VoicePrintsError | undefined) => void;
}

/**
 * The heartbeat of this process and its leases: renews those it holds, takes what nobody holds and is to be here (`placement`), and
 * declares lost, by its own clock, what it could not renew. Begins with the first claim or `start`.
 */
export class LeaseKeeper implements AsyncDisposable {
  readonly processId = randomUUID();
  readonly #options: LeaseKeeperOptions;
  readonly #connection: OwnConnection;
  readonly #table: LeaseTable;
  readonly #claims = new Map<string, LeaseClaim>();
  #returned: number[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  #isFaulty = false;
  #isWoken = false;
  #wake: () => void = () => undefined;
  #expiry: NodeJS.Timeout | undefined;
  #settledAt: Moment = momentNow();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#connection = new OwnConnection(options.database, {
      timeoutMs: ANSWER_MS,
      channel: LEASES_CHANNEL,
      onNotice: () => this.#look(),
    });
    this.#table = new LeaseTable(this.#connection);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** A claim that is not wanted yet. One a name and process: the owner withdraws it with `drop`. */
  claim(claim: Claim, onChange: () => void): LeaseClaim {
    const made: LeaseClaim = new LeaseClaim(claim, {
      onChange: guarded(
        () => undefined,
        () => {
          this.#arm();
          onChange();
        },
      ),
      onWish: () => this.#look(),
      onReturned: (token) => {
        this.#returned.push(token);
        this.#look();
      },
    });
    this.#claims.set(claim.name, made);
    this.start();
    return made;
  }

  /** Forgets a claim; what it holds is given back, so that what it is for must have ended. */
  drop(claim: Pick<LeaseClaim, 'name' | 'want' | 'giveBack'>): void {
    claim.want(false);
    claim.giveBack();
    if (this.#claims.get(claim.name) === claim) this.#claims.delete(claim.name);
  }

  /** What holders say of the leases whose names begin so (`LeaseClaim.report`), up to a second old. Throws REGISTRY_UNAVAILABLE. */
  reports(prefix: string): Promise<readonly object[]> {
    return this.#table.reports(prefix);
  }

  /** Gives everything back: what it was for must have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#expiry);
    this.#look();
    await this.#running;
    // Where the server is away the leases end by themselves.
    if (this.#running && !this.#isFaulty) await this.#table.leave(this.processId).catch(() => undefined);
    await this.#connection[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      let pauseMs = BEAT_MS;
      this.#isWoken = false;
      try {
        pauseMs = await this.#beat();
        if (this.#isFaulty) this.#options.onFault(undefined);
        this.#isFaulty = false;
      } catch (error) {
        if (!this.#isFaulty) this.#options.onFault(asVoicePrintsError(error));
        this.#isFaulty = true;
      }
      await this.#pause(pauseMs);
    }
  }

  /** Returns when to come back. */
  async #beat(): Promise<number> {
    await this.#giveBack();
    await this.#renew();
    const wanted = [...this.#claims.values()].filter(({ isWanted }) => isWanted);
    if (wanted.length === 0 || this.#isClosed) return BEAT_MS;
    const { peers, leases, firstEndMs } = await this.#table.overview(
      this.processId,
      wanted.map(({ name }) => name),
    );
    const holders = new Map(leases.map((lease) => [lease.name, lease]));
    for (const claim of wanted) {
      const holder = holders.get(claim.name);
      claim.seen(holder !== undefined && holder.processId !== this.processId);
      // Renewed after it had been declared lost here.
      if (holder?.processId === this.processId && claim.keptToken !== holder.token) this.#returned.push(holder.token);
    }
    const { take, giveBack } = placement({
      ...{ claims: wanted, peers, leases, processId: this.processId },
      mayMove: sinceMs(this.#settledAt) > MOVE_MS,
    });
    if (take.length + giveBack.length > 0) this.#settledAt = momentNow();
    for (const name of giveBack) this.#claims.get(name)?.yield();
    await this.#take(take);
    return this.#returned.length > 0 ? 0 : Math.min(BEAT_MS, (firstEndMs ?? BEAT_MS) + AFTER_END_MS);
  }

  async #giveBack(): Promise<void> {
    const returned = this.#returned;
    this.#returned = [];
    // Where it fails they end by themselves: nobody renews them.
    if (returned.length > 0) await this.#table.giveBack(this.processId, returned);
  }

  async #renew(): Promise<void> {
    const kept = [...this.#claims.values()].flatMap((claim) => {
      const token = claim.keptToken;
      return token === undefined ? [] : [{ claim, token }];
    });
    const renewedAt = momentNow();
    const wants = [...this.#claims.values()].filter(({ isWanted }) => isWanted).map(({ name }) => name);
    const { roles, load } = this.#options;
    const own = { processId: this.processId, host: hostname(), roles, load: load(), wants };
    const renewed = new Set(
      await this.#table.renew(
        own,
        kept.map(({ claim: { report }, token }) => ({ token, report })),
      ),
    );
    for (const { claim, token } of kept) {
      if (claim.keptToken !== token) continue;
      if (renewed.has(claim.name)) claim.hold({ token, renewedAt });
      else claim.lose();
    }
    this.#arm();
  }

  async #take(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const renewedAt = momentNow();
    for (const { name, token } of await this.#table.take(this.processId, names)) {
      const claim = this.#claims.get(name);
      if (claim) claim.hold({ token, renewedAt });
      else this.#returned.push(token);
    }
  }

  /** The clock that ends what was not renewed in time. */
  #arm(): void {
    clearTimeout(this.#expiry);
    if (this.#isClosed) return;
    const leftMs = [...this.#claims.values()].filter(({ keptToken }) => keptToken !== undefined).map((c) => c.leftMs);
    if (leftMs.length === 0) return;
    const expire = guarded(
      () => this.#arm(),
      () => {
        for (const claim of this.#claims.values()) if (claim.leftMs <= 0) claim.lose();
        this.#arm();
      },
    );
    this.#expiry = setTimeout(expire, Math.ceil(Math.min(...leftMs)));
  }

  #look(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async #pause(pauseMs: number): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, LEAST_PAUSE_MS));
    if (this.#isWoken || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}
