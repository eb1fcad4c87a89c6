import type { StrangersPolicy } from '../../core/strangers.js';
import { MS_PER_DAY } from '../../core/time.js';
import type { FeedbackRecord } from './feedbackRecord.js';
import { isNamed, type TurnEntry } from './turnEntry.js';

/** How much is remembered, and how long. docs/privacy.md names the same. */
export const TURN_MEMORY = {
  /** Turns of one tenant, and of all; the oldest give way. */
  mostTurns: 1_000,
  mostTurnsInAll: 20_000,
  keepMs: MS_PER_DAY,
  /** The sound of unknown voices of a recording, which has no session that ends. */
  keepStrangersOfRecordingMs: 3_600_000,
  /** Pieces of feedback of one tenant that can be undone. */
  mostFeedback: 200,
};

const TIDY_EVERY_MS = 60_000;

interface TenantMemory {
  /** Oldest first. */
  readonly turns: Map<string, TurnEntry>;
  readonly feedback: Map<string, FeedbackRecord>;
}

/** Recent turns of an engine, in memory only, so that people can correct them. Nothing of it is ever written. */
export class TurnMemory implements Disposable {
  readonly #tenants = new Map<string, TenantMemory>();
  readonly #nowMs: () => number;
  readonly #isOn: boolean;
  readonly #tidying: NodeJS.Timeout;

  /** @param isOn false: nothing is remembered */
  constructor(nowMs: () => number, isOn: boolean) {
    this.#nowMs = nowMs;
    this.#isOn = isOn;
    this.#tidying = setInterval(() => this.tidy(), TIDY_EVERY_MS).unref();
  }

  /** Turns of a tenant, oldest first. */
  turns(tenantId: string): readonly TurnEntry[] {
    this.tidy();
    return [...this.#of(tenantId).turns.values()];
  }

  turn(tenantId: string, turnId: string): TurnEntry | undefined {
    this.tidy();
    return this.#of(tenantId).turns.get(turnId);
  }

  /** Remembers a turn, with its sound where the policy allows that. */
  add(tenantId: string, entry: TurnEntry, policy: StrangersPolicy): void {
    if (!this.#isOn) return;
    const { turns } = this.#of(tenantId);
    turns.delete(entry.turnId);
    turns.set(entry.turnId, entry);
    if (policy.keeps === 'none') entry.soundUntilMs = entry.heardAtMs;
    else if (policy.keeps === 'days') entry.soundUntilMs = entry.heardAtMs + policy.days * MS_PER_DAY;
    else if (entry.kind === 'recording') entry.soundUntilMs = entry.heardAtMs + TURN_MEMORY.keepStrangersOfRecordingMs;
    dropDueSound(entry, this.#nowMs());
    this.#makeRoom(tenantId);
  }

  /** A session has ended, and so has the time for which its unknown voices are kept in memory. */
  endSession(tenantId: string, conversationId: string): void {
    for (const entry of this.#of(tenantId).turns.values()) {
      if (entry.conversationId !== conversationId) continue;
      entry.soundUntilMs ??= this.#nowMs();
      dropDueSound(entry, this.#nowMs());
    }
  }

  feedback(tenantId: string): readonly FeedbackRecord[] {
    this.tidy();
    return [...this.#of(tenantId).feedback.values()];
  }

  addFeedback(tenantId: string, record: FeedbackRecord): void {
    const { feedback } = this.#of(tenantId);
    feedback.set(record.feedbackId, record);
    for (const oldest of feedback.values()) {
      if (feedback.size <= TURN_MEMORY.mostFeedback) return;
      drop(feedback, oldest);
    }
  }

  /** Nothing is remembered of a person who was erased: neither that they spoke nor how they sound. */
  erase(tenantId: string, speakerId: string): void {
    const { turns, feedback } = this.#of(tenantId);
    for (const entry of turns.values()) {
      entry.candidates = entry.candidates.filter((one) => one.speakerId !== speakerId);
      const isOwn = entry.speakerId === speakerId || entry.said?.speakerId === speakerId;
      if (!isOwn) continue;
      turns.delete(entry.turnId);
      entry.sound = undefined;
    }
    for (const record of feedback.values()) if (record.speakerIds.has(speakerId)) drop(feedback, record);
  }

  /** Turns of one person are another's from now on: they turned out to be one. */
  rename(tenantId: string, from: string, to: string): void {
    const { turns, feedback } = this.#of(tenantId);
    for (const entry of turns.values()) {
      if (entry.speakerId === from) entry.speakerId = to;
      if (entry.said?.speakerId === from) entry.said = { ...entry.said, speakerId: to };
      entry.candidates = entry.candidates.map((one) => (one.speakerId === from ? { ...one, speakerId: to } : one));
    }
    // What was learnt by then is part of the merged voiceprint, and cannot be taken out of it one by one.
    for (const record of feedback.values()) if (record.speakerIds.has(from)) drop(feedback, record);
  }

  /** Forgets all of a tenant, or one conversation. Returns the number of turns. */
  forget(tenantId: string, conversationId?: string): number {
    const { turns, feedback } = this.#of(tenantId);
    let count = 0;
    for (const { turnId, conversationId: own } of turns.values()) {
      if (conversationId !== undefined && own !== conversationId) continue;
      turns.delete(turnId);
      count += 1;
    }
    if (conversationId === undefined) feedback.clear();
    return count;
  }

  tidy(): void {
    const nowMs = this.#nowMs();
    for (const [tenantId, { turns, feedback }] of this.#tenants) {
      for (const entry of turns.values()) {
        if (entry.heardAtMs + TURN_MEMORY.keepMs <= nowMs) turns.delete(entry.turnId);
        else dropDueSound(entry, nowMs);
      }
      for (const record of feedback.values())
        if (record.givenAtMs + TURN_MEMORY.keepMs <= nowMs) drop(feedback, record);
      if (turns.size === 0 && feedback.size === 0) this.#tenants.delete(tenantId);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#tidying);
    this.#tenants.clear();
  }

  #of(tenantId: string): TenantMemory {
    const known = this.#tenants.get(tenantId);
    if (known) return known;
    const made = { turns: new Map(), feedback: new Map() };
    this.#tenants.set(tenantId, made);
    return made;
  }

  #makeRoom(tenantId: string): void {
    const { turns } = this.#of(tenantId);
    dropOldest(turns, TURN_MEMORY.mostTurns);
    let all = [...this.#tenants.values()].reduce((sum, one) => sum + one.turns.size, 0);
    while (all > TURN_MEMORY.mostTurnsInAll) {
      const fullest = [...this.#tenants.values()].reduce((a, b) => (a.turns.size >= b.turns.size ? a : b));
      dropOldest(fullest.turns, fullest.turns.size - 1);
      all -= 1;
    }
  }
}

/** A record that is kept by one which superseded it must not keep those before it, too: they would never end. */
function drop(feedback: Map<string, FeedbackRecord>, record: FeedbackRecord): void {
  feedback.delete(record.feedbackId);
  record.superseded = [];
}

function dropOldest(turns: Map<string, TurnEntry>, most: number): void {
  for (const turnId of turns.keys()) {
    if (turns.size <= most) return;
    turns.delete(turnId);
  }
}

/** Of an enrolled person the sound is kept as long as the turn; of others for as long as the policy says. */
function dropDueSound(entry: TurnEntry, nowMs: number): void {
  if (!isNamed(entry) && entry.soundUntilMs !== undefined && entry.soundUntilMs <= nowMs) entry.sound = undefined;
}
