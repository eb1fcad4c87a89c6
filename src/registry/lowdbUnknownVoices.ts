import type { UnknownVoice } from '../core/unknownVoice.js';
import { SealingKeys } from './sealingKeys.js';
import { SharedStore, type SharedStoreOptions } from './sharedStore.js';
import {
  fromUnknownRow,
  toUnknownRow,
  UNKNOWN_VOICE_FORM,
  type UnknownVoiceRow,
  type UnknownVoiceRows,
} from './stored/unknownVoiceForm.js';
import { rowKey } from './stored/voiceprintForm.js';
import { EARLIER_KEEP_MS, mostSpeech, unknownNumber } from './unknownVoiceRules.js';
import type { UnknownVoices } from './unknownVoices.js';

/** In the folder of a store. */
export const UNKNOWN_VOICES_PLACE = { file: 'unknown-voices.json', lock: '.unknown-voices.lock' };
const EXPIRE_EVERY_MS = 3_600_000;

export interface LowdbUnknownVoicesOptions extends SharedStoreOptions {
  /** How long a voice is kept at most after its last speech; 0 keeps none, and erases earlier ones. Undefined: as each says. */
  readonly keepMs?: number | undefined;
  /** Maximum number of voices per tenant; the least recent ones are dropped. */
  readonly mostVoices: number;
  readonly nowMs: () => number;
  /** Minimum interval between writes. Default 3,000 ms. */
  readonly writeEveryMs?: number;
}

/**
 * Unknown voices in one JSON file of a folder, beside the voiceprints and sealed with the same key; a separate file, since
 * it changes every few seconds while there is speech. Several processes may share the folder.
 */
export class LowdbUnknownVoices implements UnknownVoices {
  readonly #store: SharedStore<UnknownVoiceRows>;
  readonly #options: LowdbUnknownVoicesOptions;
  /** Voices put but not yet written. */
  readonly #waiting = new Map<string, UnknownVoiceRow>();
  /** Ids returned by `newId` and not yet written: any other id that is not in the file was erased. */
  readonly #unwritten = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #expiring: NodeJS.Timeout | undefined;
  /** Failure of the last background write; thrown to the next caller. */
  #failure: unknown;

  private constructor(folder: string, options: LowdbUnknownVoicesOptions) {
    const place = { folder, ...UNKNOWN_VOICES_PLACE };
    this.#store = new SharedStore(
      UNKNOWN_VOICE_FORM,
      place,
      new SealingKeys(options.encryptionKey),
      options.lockWaitMs,
    );
    this.#options = options;
  }

  /** Opens a folder, creating it if necessary, and erases expired voices. Throws the errors of LowdbRegistry.open. */
  static async open(folder: string, options: LowdbUnknownVoicesOptions): Promise<LowdbUnknownVoices> {
    const voices = new LowdbUnknownVoices(folder, options);
    await voices.#store.open();
    // A read-only folder must still be readable: `list` omits expired voices.
    const tidy = () => voices.expire(options.nowMs()).catch(() => 0);
    await tidy();
    voices.#expiring = setInterval(() => void tidy(), EXPIRE_EVERY_MS).unref();
    return voices;
  }

  async newId(tenantId: string): Promise<string> {
    const number = await this.#store.write(({ lastNumbers }) => {
      const next = (lastNumbers.get(tenantId) ?? 0) + 1;
      lastNumbers.set(tenantId, next);
      return next;
    });
    const id = `unknown-${number}`;
    this.#unwritten.add(rowKey(tenantId, id));
    return id;
  }

  async list(tenantId: string): Promise<readonly UnknownVoice[]> {
    const { voices } = await this.#store.read();
    const waiting = [...this.#waiting].filter(([key]) => this.#isKept(key, voices));
    const rows = [...new Map([...voices, ...waiting]).values()];
    const now = this.#options.nowMs();
    return rows
      .filter((row) => row.tenantId === tenantId && !this.#isExpired(row, now))
      .sort((a, b) => unknownNumber(a.id)! - unknownNumber(b.id)!)
      .map((row) => ({ ...fromUnknownRow(row), expiresAtMs: this.#expiryOf(row) }));
  }

  async put(tenantId: string, voice: UnknownVoice): Promise<boolean> {
    const key = rowKey(tenantId, voice.id);
    const row = toUnknownRow(tenantId, { ...voice, exemplars: mostSpeech(voice.exemplars) });
    const { voices } = await this.#store.read();
    if (!this.#isKept(key, voices)) return false;
    this.#waiting.set(key, row);
    this.#timer ??= setTimeout(() => this.#writeLater(), this.#options.writeEveryMs ?? 3_000).unref();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return true;
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    const key = rowKey(tenantId, id);
    const isWaiting = this.#waiting.delete(key);
    this.#unwritten.delete(key);
    return (await this.#store.write(({ voices }) => voices.delete(key))) || isWaiting;
  }

  async expire(nowMs: number): Promise<number> {
    const { voices } = await this.#store.read();
    const isTidy = ![...voices.values()].some((row) => this.#isExpired(row, nowMs));
    if (isTidy && !this.#store.isToBeSealed) return 0;
    return this.#store.write((rows) => this.#eraseExpired(rows, nowMs));
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const taken = new Map(this.#waiting);
    await this.#store.write((rows) => {
      for (const [key, row] of taken) if (this.#isKept(key, rows.voices)) rows.voices.set(key, row);
      this.#eraseExpired(rows, this.#options.nowMs());
      this.#eraseBeyondMost(rows);
    });
    for (const [key, row] of taken) {
      this.#unwritten.delete(key);
      if (this.#waiting.get(key) === row) this.#waiting.delete(key);
    }
  }

  /** Writes pending voices, then refuses every call. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#expiring);
    try {
      await this.flush();
    } finally {
      await this.#store.close();
    }
  }

  #writeLater(): void {
    this.flush().catch((error: unknown) => {
      this.#failure = error; // pending voices stay pending; the next `put` throws the failure and tries again
    });
  }

  /** False for a voice that was erased: neither in the file nor new. */
  #isKept(key: string, stored: ReadonlyMap<string, UnknownVoiceRow>): boolean {
    return stored.has(key) || this.#unwritten.has(key);
  }

  #isExpired(row: UnknownVoiceRow, nowMs: number): boolean {
    return this.#expiryOf(row) <= nowMs;
  }

  #expiryOf({ lastHeardMs, expiresAtMs }: UnknownVoiceRow): number {
    const { keepMs } = this.#options;
    const saidMs = expiresAtMs ?? lastHeardMs + (keepMs ?? EARLIER_KEEP_MS);
    return keepMs === undefined ? saidMs : Math.min(saidMs, lastHeardMs + keepMs);
  }

  #eraseExpired({ voices }: UnknownVoiceRows, nowMs: number): number {
    const expired = [...voices].filter(([, row]) => this.#isExpired(row, nowMs));
    for (const [key] of expired) voices.delete(key);
    return expired.length;
  }

  #eraseBeyondMost({ voices }: UnknownVoiceRows): void {
    const left = new Map<string, number>();
    const newestFirst = [...voices].sort(([, a], [, b]) => b.lastHeardMs - a.lastHeardMs);
    for (const [key, { tenantId }] of newestFirst) {
      const count = (left.get(tenantId) ?? 0) + 1;
      left.set(tenantId, count);
      if (count > this.#options.mostVoices) voices.delete(key);
    }
  }
}
