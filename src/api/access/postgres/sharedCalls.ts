import { minuteOf } from '../tenantUse.js';
import type { Exchange } from './exchange.js';
import type { AskedCalls, GrantedCalls } from './useTables.js';

/** In place of a limit. */
const UNLIMITED = 2 ** 31 - 1;
/** Of the calls that a process has let in during a minute it takes this part ahead. */
const AHEAD = 0.01;

interface Waiter {
  /** Undefined once somebody has decided without the database. */
  decide: ((isLetIn: boolean) => void) | undefined;
}

interface Calls {
  readonly minute: number;
  /** Let in by this process. */
  own: number;
  /** Granted and not used yet. */
  left: number;
  /** Let in without a grant: no limit, or no answer of the database. */
  ungranted: number;
  /** Of all processes, when it was last asked. */
  all: number;
  most: number;
  waiting: Waiter[];
}

/**
 * Calls of the current minute, of all processes. A call under a limit needs a grant of the database; grants are asked for together, and the
 * busier a tenant is, the more of them ahead. So no more calls are let in than the limit allows. While the database does not answer, each
 * process by itself lets in as many as the limit allows.
 */
export class SharedCalls {
  readonly #exchange: Exchange;
  readonly #nowMs: () => number;
  readonly #tenants = new Map<string, Calls>();

  constructor(exchange: Exchange, nowMs: () => number) {
    this.#exchange = exchange;
    this.#nowMs = nowMs;
  }

  count(tenantId: string, most: number | undefined): boolean | Promise<boolean> {
    const calls = this.#of(tenantId);
    calls.most = most ?? UNLIMITED;
    if (most === undefined) {
      this.#exchange.soon();
      return letIn(calls);
    }
    if (calls.left > 0) {
      calls.left -= 1;
      calls.own += 1;
      return true;
    }
    if (calls.all >= most) return false;
    if (this.#exchange.isAway) return decideAlone(calls);
    return new Promise((resolve) => this.#ask(tenantId, resolve));
  }

  /** Let in by all processes in this minute, as far as it is known. */
  calls(tenantId: string): number {
    const { all, own, left, ungranted } = this.#of(tenantId);
    return Math.max(own, all - left + ungranted);
  }

  /** What to ask for now; `take` is to be called with the answer. */
  asking(): AskedCalls[] {
    const asked: AskedCalls[] = [];
    for (const [tenantId, { minute, own, ungranted, waiting, most }] of this.#tenants) {
      const needed = ungranted + waiting.length;
      if (needed === 0) continue;
      const ahead = most === UNLIMITED ? 0 : Math.floor(own * AHEAD);
      asked.push({ tenantId, minute, asked: needed + ahead, most });
    }
    return asked;
  }

  take(grants: readonly GrantedCalls[]): void {
    for (const { tenantId, minute, granted, calls: all } of grants) {
      const calls = this.#tenants.get(tenantId);
      if (calls?.minute !== minute) continue; // a new minute has begun meanwhile
      const isFull = all >= calls.most;
      calls.all = all;
      const paid = Math.min(granted, calls.ungranted);
      // What was let in beyond the limit is not asked for again.
      calls.ungranted = isFull ? 0 : calls.ungranted - paid;
      calls.left += granted - paid;
      for (const waiter of calls.waiting.splice(0)) answer(calls, waiter, isFull);
    }
    // They came after it was asked, or a new minute has begun for them.
    if ([...this.#tenants.values()].some(({ waiting }) => waiting.length > 0)) void this.#exchange.now();
  }

  #ask(tenantId: string, resolve: (isLetIn: boolean) => void): void {
    const waiter: Waiter = { decide: undefined };
    const late = setTimeout(() => waiter.decide?.(decideAlone(this.#of(tenantId))), this.#exchange.lateMs);
    waiter.decide = (isLetIn) => {
      clearTimeout(late);
      waiter.decide = undefined;
      resolve(isLetIn);
    };
    this.#of(tenantId).waiting.push(waiter);
    void this.#exchange.now();
  }

  #of(tenantId: string): Calls {
    const minute = minuteOf(this.#nowMs());
    const known = this.#tenants.get(tenantId);
    if (known?.minute === minute) return known;
    const { most = UNLIMITED, waiting = [] } = known ?? {};
    // Whoever waits from the minute before counts in this one.
    const calls: Calls = { minute, own: 0, left: 0, ungranted: 0, all: 0, most, waiting };
    this.#tenants.set(tenantId, calls);
    return calls;
  }
}

function answer(calls: Calls, waiter: Waiter, isFull: boolean): void {
  if (waiter.decide === undefined) return;
  if (calls.left > 0) {
    calls.left -= 1;
    calls.own += 1;
    waiter.decide(true);
  } else if (isFull) waiter.decide(false);
  else calls.waiting.push(waiter);
}

function letIn(calls: Calls): true {
  calls.own += 1;
  calls.ungranted += 1;
  return true;
}

const decideAlone = (calls: Calls): boolean => calls.own < calls.most && letIn(calls);
