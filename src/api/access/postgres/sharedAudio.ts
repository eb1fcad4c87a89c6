import { dayOf } from '../../../core/time.js';
import type { Exchange } from './exchange.js';
import type { CountedAudio } from './useTables.js';

/** What others have used is asked for again after this time. */
const FRESH_MS = 1_000;

interface Audio {
  readonly day: string;
  /** Counted by this process. */
  ownMs: number;
  storedMs: number;
  othersMs: number;
  /** Of `performance.now()`: when others were last asked for. */
  asOfMs: number;
  isAsked: boolean;
}

/** Audio of the current day, of all processes. What another process has counted is known here within a second and a quarter. */
export class SharedAudio {
  readonly #exchange: Exchange;
  readonly #nowMs: () => number;
  readonly #tenants = new Map<string, Audio>();
  /** Of the day before, not stored yet. */
  #late: CountedAudio[] = [];

  constructor(exchange: Exchange, nowMs: () => number) {
    this.#exchange = exchange;
    this.#nowMs = nowMs;
  }

  add(tenantId: string, audioMs: number): void {
    this.#of(tenantId).ownMs += audioMs;
    this.#exchange.soon();
  }

  audioMs(tenantId: string): number {
    const audio = this.#of(tenantId);
    if (!isFresh(audio)) {
      audio.isAsked = true;
      this.#exchange.soon();
    }
    return audio.ownMs + audio.othersMs;
  }

  know(tenantId: string): Promise<void> | undefined {
    const audio = this.#of(tenantId);
    if (isFresh(audio) || this.#exchange.isAway) return undefined;
    audio.isAsked = true;
    return this.#exchange.nowOrLate();
  }

  /** What to store; `stored` is to be called with it once it is. */
  counted(): readonly CountedAudio[] {
    const today = [...this.#tenants].filter(([, { ownMs, storedMs }]) => ownMs > storedMs);
    return [...this.#late, ...today.map(([tenantId, { day, ownMs }]) => ({ tenantId, day, audioMs: ownMs }))];
  }

  stored(counted: readonly CountedAudio[]): void {
    this.#late = this.#late.filter((one) => !counted.includes(one));
    for (const { tenantId, day, audioMs } of counted) {
      const audio = this.#tenants.get(tenantId);
      if (audio?.day === day) audio.storedMs = Math.max(audio.storedMs, audioMs);
    }
  }

  /** Of whom to ask what others have used: those who were asked about, and those who are busy here. */
  asking(): { readonly day: string; readonly tenantIds: readonly string[] } {
    const day = dayOf(this.#nowMs());
    const asked = [...this.#tenants].filter(([, { isAsked, day: own }]) => isAsked && own === day);
    return { day, tenantIds: asked.map(([tenantId]) => tenantId) };
  }

  take(
    { day, tenantIds }: { readonly day: string; readonly tenantIds: readonly string[] },
    others: readonly { readonly tenantId: string; readonly audioMs: number }[],
    askedAtMs: number,
  ): void {
    const used = new Map(others.map(({ tenantId, audioMs }) => [tenantId, audioMs]));
    for (const tenantId of tenantIds) {
      const audio = this.#tenants.get(tenantId);
      if (audio?.day !== day) continue;
      Object.assign(audio, { othersMs: used.get(tenantId) ?? 0, asOfMs: askedAtMs, isAsked: false });
    }
  }

  #of(tenantId: string): Audio {
    const day = dayOf(this.#nowMs());
    const known = this.#tenants.get(tenantId);
    if (known?.day === day) return known;
    if (known && known.ownMs > known.storedMs) this.#late.push({ tenantId, day: known.day, audioMs: known.ownMs });
    const audio = { day, ownMs: 0, storedMs: 0, othersMs: 0, asOfMs: Number.NEGATIVE_INFINITY, isAsked: false };
    this.#tenants.set(tenantId, audio);
    return audio;
  }
}

const isFresh = ({ asOfMs }: Audio): boolean => performance.now() - asOfMs < FRESH_MS;
