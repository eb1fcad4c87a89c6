import { dayOf } from '../../core/time.js';
import { httpRefusal, type RefusedError } from '../refusals/refusal.js';
import { LocalUse, MINUTE_MS, minuteOf, type TenantUse } from './tenantUse.js';

/** Limits of one tenant; omitted ones are unlimited. */
export interface TenantLimits {
  readonly callsPerMinute?: number | undefined;
  readonly audioMinutesPerDay?: number | undefined;
}

/** Usage of a tenant beside its limits; null: unlimited. */
export interface TenantUsage {
  /** In UTC, such as 2026-05-31. */
  readonly day: string;
  readonly audioMinutesToday: number;
  readonly audioMinutesPerDay: number | null;
  readonly callsThisMinute: number;
  readonly callsPerMinute: number | null;
}

/** Audio that is counted elsewhere, in milliseconds, of a UTC day (`2026-05-31`). */
export type AudioUsed = (tenantId: string, day: string) => number;

/** Readings of a status that a limited tenant has in a minute: ten times what the console asks for with all of its views open. */
const LOOKS_PER_MINUTE = 600;

/** Enforces the limits of tenants. Counts calls on arrival and audio once processed. */
export class TenantGate {
  readonly #limitsOf: (tenantId: string) => TenantLimits;
  readonly #use: TenantUse;
  readonly #looks: LocalUse;
  #elsewhere: AudioUsed = () => 0;

  /** What was used is counted in this process, by its clock or the one that is given, unless `use` says otherwise. */
  constructor(
    limitsOf: (tenantId: string) => TenantLimits = () => ({}),
    use: TenantUse | (() => number) = new LocalUse(),
  ) {
    this.#limitsOf = limitsOf;
    this.#use = typeof use === 'function' ? new LocalUse(use) : use;
    this.#looks = new LocalUse(() => this.#use.nowMs());
  }

  /** Also counts audio of jobs, which is stored across restarts. */
  countAlso(elsewhere: AudioUsed): void {
    this.#elsewhere = elsewhere;
  }

  /** Counts a call. Throws TOO_MANY_REQUESTS; rejects with it where other processes have to be asked first. */
  enter(tenantId: string): Promise<void> | undefined {
    const { callsPerMinute } = this.#limitsOf(tenantId);
    const isIn = this.#use.countCall(tenantId, callsPerMinute);
    if (isIn === true) return undefined;
    if (isIn === false) throw this.#tooMany(callsPerMinute);
    return isIn.then((isLetIn) => {
      if (!isLetIn) throw this.#tooMany(callsPerMinute);
    });
  }

  /**
   * Lets a reading of a status in, which is no call: whoever polls has calls left. Counted in this process alone. Throws
   * TOO_MANY_REQUESTS where a limited tenant polls as no client needs to.
   */
  look(tenantId: string): void {
    const isLimited = this.#limitsOf(tenantId).callsPerMinute !== undefined;
    if (!this.#looks.countCall(tenantId, isLimited ? LOOKS_PER_MINUTE : undefined))
      throw this.#tooMany(LOOKS_PER_MINUTE);
  }

  /** Resolves once it is known how much audio of a limited tenant other processes have used; undefined where it is. */
  knowAudio(tenantId: string): Promise<void> | undefined {
    const { audioMinutesPerDay } = this.#limitsOf(tenantId);
    return audioMinutesPerDay === undefined ? undefined : this.#use.knowAudio(tenantId);
  }

  hasAudioLeft(tenantId: string): boolean {
    const { audioMinutesPerDay } = this.#limitsOf(tenantId);
    return audioMinutesPerDay === undefined || this.audioMinutesToday(tenantId) < audioMinutesPerDay;
  }

  /** Throws QUOTA_USED_UP where today's audio is used up. */
  assertAudioLeft(tenantId: string): void {
    if (this.hasAudioLeft(tenantId)) return;
    const { audioMinutesPerDay } = this.#limitsOf(tenantId);
    const message = `today's ${audioMinutesPerDay} minutes of audio are used up; continue tomorrow (UTC), or ask the operator for more`;
    throw httpRefusal('QUOTA_USED_UP', message);
  }

  /** Counts audio that was processed for a tenant. */
  used(tenantId: string, audioMs: number): void {
    if (audioMs > 0) this.#use.addAudio(tenantId, audioMs);
  }

  /** Audio of today, in minutes. */
  audioMinutesToday(tenantId: string): number {
    return (this.#use.audioMs(tenantId) + this.#elsewhere(tenantId, this.#day())) / MINUTE_MS;
  }

  /** What a tenant has used, and may. */
  usage(tenantId: string): TenantUsage {
    const { callsPerMinute, audioMinutesPerDay } = this.#limitsOf(tenantId);
    return {
      day: this.#day(),
      audioMinutesToday: this.audioMinutesToday(tenantId),
      audioMinutesPerDay: audioMinutesPerDay ?? null,
      callsThisMinute: this.#use.calls(tenantId),
      callsPerMinute: callsPerMinute ?? null,
    };
  }

  #day(): string {
    return dayOf(this.#use.nowMs());
  }

  #tooMany(callsPerMinute: number | undefined): RefusedError {
    const nowMs = this.#use.nowMs();
    const waitSeconds = Math.max(1, Math.ceil(((minuteOf(nowMs) + 1) * MINUTE_MS - nowMs) / 1000));
    const message = `more than ${callsPerMinute} calls a minute; wait as long as Retry-After says`;
    return httpRefusal('TOO_MANY_REQUESTS', message, { 'retry-after': String(waitSeconds) });
  }
}
