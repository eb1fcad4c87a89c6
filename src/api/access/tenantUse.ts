import { dayOf } from '../../core/time.js';

/** What tenants have used: calls of the current minute, and audio of the current UTC day. */
export interface TenantUse {
  /** The clock of minutes and days. */
  nowMs(): number;
  /**
   * Counts a call, unless `most` were counted in this minute: then false. A promise where other processes have to be asked first.
   * Undefined: unlimited.
   */
  countCall(tenantId: string, most: number | undefined): boolean | Promise<boolean>;
  /** Of this minute. */
  calls(tenantId: string): number;
  /** Counts audio of today that was processed. */
  addAudio(tenantId: string, audioMs: number): void;
  /** Of today, as far as it is known here, in milliseconds. */
  audioMs(tenantId: string): number;
  /** Resolves once it is known what others have used of today's audio; undefined where it is. */
  knowAudio(tenantId: string): Promise<void> | undefined;
}

export const MINUTE_MS = 60_000;

export const minuteOf = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS);

interface Use {
  readonly day: string;
  audioMs: number;
  minute: number;
  calls: number;
}

/** Of one process, since it started. */
export class LocalUse implements TenantUse {
  readonly nowMs: () => number;
  readonly #uses = new Map<string, Use>();

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs;
  }

  countCall(tenantId: string, most: number | undefined): boolean {
    const use = this.#useOf(tenantId);
    if (most !== undefined && use.calls >= most) return false;
    use.calls += 1;
    return true;
  }

  calls(tenantId: string): number {
    return this.#useOf(tenantId).calls;
  }

  addAudio(tenantId: string, audioMs: number): void {
    this.#useOf(tenantId).audioMs += audioMs;
  }

  audioMs(tenantId: string): number {
    return this.#useOf(tenantId).audioMs;
  }

  knowAudio(): undefined {
    return undefined;
  }

  #useOf(tenantId: string): Use {
    const nowMs = this.nowMs();
    const day = dayOf(nowMs);
    const minute = minuteOf(nowMs);
    let use = this.#uses.get(tenantId);
    if (use?.day !== day) {
      use = { day, audioMs: 0, minute, calls: 0 };
      this.#uses.set(tenantId, use);
    }
    if (use.minute !== minute) Object.assign(use, { minute, calls: 0 });
    return use;
  }
}
