import { httpRefusal } from '../refusals/refusal.js';

/** Limits of one tenant; omitted ones are unlimited. */
export interface TenantLimits {
  readonly callsPerMinute?: number | undefined;
  readonly audioMinutesPerDay?: number | undefined;
}

/** Usage of a tenant: audio of the current UTC day, and calls of the current minute. */
interface Use {
  readonly day: string;
  audioMs: number;
  minute: number;
  calls: number;
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

const MINUTE_MS = 60_000;

/** Audio that is counted elsewhere, in milliseconds, of a UTC day (`2026-05-31`). */
export type AudioUsed = (tenantId: string, day: string) => number;

/** Enforces the limits of tenants. Counts calls on arrival and audio once processed, since the start of the process. */
export class TenantGate {
  readonly #limitsOf: (tenantId: string) => TenantLimits;
  readonly #nowMs: () => number;
  readonly #uses = new Map<string, Use>();
  #elsewhere: AudioUsed = () => 0;

  constructor(limitsOf: (tenantId: string) => TenantLimits = () => ({}), nowMs: () => number = Date.now) {
    this.#limitsOf = limitsOf;
    this.#nowMs = nowMs;
  }

  /** Also counts audio of jobs, which is stored across restarts. */
  countAlso(elsewhere: AudioUsed): void {
    this.#elsewhere = elsewhere;
  }

  /** Counts a call. Throws TOO_MANY_REQUESTS. */
  enter(tenantId: string): void {
    const { callsPerMinute } = this.#limitsOf(tenantId);
    const use = this.#useOf(tenantId);
    if (callsPerMinute !== undefined && use.calls >= callsPerMinute) {
      const waitSeconds = Math.max(1, Math.ceil(((use.minute + 1) * MINUTE_MS - this.#nowMs()) / 1000));
      const message = `more than ${callsPerMinute} calls a minute; wait as long as Retry-After says`;
      throw httpRefusal('TOO_MANY_REQUESTS', message, { 'retry-after': String(waitSeconds) });
    }
    use.calls += 1;
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
    this.#useOf(tenantId).audioMs += audioMs;
  }

  /** Audio of today, in minutes. */
  audioMinutesToday(tenantId: string): number {
    const { audioMs, day } = this.#useOf(tenantId);
    return (audioMs + this.#elsewhere(tenantId, day)) / MINUTE_MS;
  }

  /** What a tenant has used, and may. */
  usage(tenantId: string): TenantUsage {
    const { day, calls } = this.#useOf(tenantId);
    const { callsPerMinute, audioMinutesPerDay } = this.#limitsOf(tenantId);
    return {
      day,
      audioMinutesToday: this.audioMinutesToday(tenantId),
      audioMinutesPerDay: audioMinutesPerDay ?? null,
      callsThisMinute: calls,
      callsPerMinute: callsPerMinute ?? null,
    };
  }

  #useOf(tenantId: string): Use {
    const nowMs = this.#nowMs();
    const day = new Date(nowMs).toISOString().slice(0, 10);
    const minute = Math.floor(nowMs / MINUTE_MS);
    let use = this.#uses.get(tenantId);
    if (use?.day !== day) {
      use = { day, audioMs: 0, minute, calls: 0 };
      this.#uses.set(tenantId, use);
    }
    if (use.minute !== minute) Object.assign(use, { minute, calls: 0 });
    return use;
  }
}
