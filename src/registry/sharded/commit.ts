import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { moveFile, syncFolder } from '../../files/atomicFile.js';
import type { SealingKeys } from '../sealingKeys.js';
import type { VoiceprintRow } from '../stored/row.js';
import { audioIdsOf } from '../stored/row.js';
import type { ShardRows } from '../stored/shardForm.js';
import { StoreFile } from '../stored/storeFile.js';
import { committed, EMPTY_HEAD, type HeadState } from './headFile.js';
import { carryOut, type IntentParts, pathOfPlace } from './intents.js';
import { splitShard } from './splitShard.js';
import type { TenantShards } from './tenantShards.js';

/** The rows that a step may read and change. */
export interface RowsOf {
  get(id: string): VoiceprintRow | undefined;
  set(id: string, row: VoiceprintRow): void;
  delete(id: string): boolean;
}

/** A shard that steps of this commit read. */
interface OpenedShard {
  readonly tenant: TenantShards;
  readonly name: string;
  readonly before: ShardRows;
  readonly after: ShardRows;
}

interface Staged {
  readonly tenant: TenantShards;
  readonly moves: { readonly from: string; readonly to: string }[];
  readonly gone: string[];
}

export interface CommitParts extends IntentParts {
  readonly keys: SealingKeys;
  readonly state: HeadState;
}

/** One write: the shards that its steps read, and what becomes of them. Only while holding the store's lock. */
export class Commit {
  readonly #parts: CommitParts;
  /** By place. */
  readonly #opened = new Map<string, OpenedShard>();

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  /** Opens the shards of some people. Throws where one of them cannot be read; the others are not affected. */
  async rowsOf(tenant: TenantShards, ids: readonly string[]): Promise<RowsOf> {
    const shards = new Map<string, OpenedShard>();
    for (const id of ids) shards.set(id, await this.#shardOf(tenant, id));
    const after = (id: string) => shards.get(id)!.after;
    return {
      get: (id) => after(id).get(id),
      set: (id, row) => void after(id).set(id, row),
      delete: (id) => after(id).delete(id),
    };
  }

  /** Replaces the files that changed: all of them, or none. `renew` throws where the lock was lost. */
  async write(renew: () => Promise<void>): Promise<void> {
    const changed = [...this.#opened.values()].filter(isChanged);
    if (changed.length === 0) return;
    const dropped = droppedSpeech(changed);
    const staged: Staged[] = [];
    const isWhole = await this.#decide(changed, { staged, dropped, renew }).catch(async (error: unknown) => {
      for (const { from } of staged.flatMap(({ moves }) => moves))
        await rm(join(this.#parts.folder, from), { force: true });
      throw error;
    });
    if (!isWhole) await carryOut(await this.#decidedHead(), this.#parts);
    for (const { tenant } of changed) tenant.forgetNames();
  }

  /** Stages the files and makes the change last; true where that completes it, false where the intent is to be carried out. */
  async #decide(
    changed: readonly OpenedShard[],
    { staged, dropped, renew }: { staged: Staged[]; dropped: string[]; renew: () => Promise<void> },
  ): Promise<boolean> {
    const { folder, headFile, state } = this.#parts;
    const head = state.kind === 'sharded' ? state.head : EMPTY_HEAD;
    for (const shard of changed) {
      await this.#stage(shard, staged);
      await renew();
    }
    const moves = staged.flatMap((one) => one.moves);
    const replaced = new Set(moves.map(({ to }) => to));
    const gone = [...new Set(staged.flatMap((one) => one.gone))].filter((place) => !replaced.has(place));
    const isNew = state.kind !== 'sharded';
    const [move] = moves;
    if (moves.length > 1 || gone.length > 0 || dropped.length > 0) {
      await headFile.write({ ...head, intent: { moves, gone, speech: dropped } });
      return false;
    }
    // One file: its rename decides. The head only says where to look, and must exist, so that earlier releases refuse the store.
    await headFile.write({ ...head, touched: [move!.to] }, { isHint: !isNew });
    await moveFile(join(folder, move!.from), pathOfPlace(folder, move!.to));
    // Where this fails, readers look at the shard until the next write.
    await headFile.write(committed(head, [move!.to]), { isHint: true }).catch(() => undefined);
    return true;
  }

  async #decidedHead() {
    const state = await this.#parts.headFile.read();
    return state.kind === 'sharded' ? state.head : EMPTY_HEAD;
  }

  async #shardOf(tenant: TenantShards, id: string): Promise<OpenedShard> {
    const known = this.#opened.get(tenant.placeOf(tenant.knownShardOf(id) ?? ''));
    if (known) return known;
    const { name, rows = new Map() } = await tenant.shardWith(id);
    const place = tenant.placeOf(name);
    const opened = this.#opened.get(place) ?? { tenant, name, before: rows, after: new Map(rows) };
    this.#opened.set(place, opened);
    return opened;
  }

  async #stage({ tenant, name, after }: OpenedShard, staged: Staged[]): Promise<void> {
    const { keys, headFile } = this.#parts;
    const parts = splitShard(tenant.tenantId, name, after);
    const own: Staged = { tenant, moves: [], gone: tenant.leftover.map((one) => tenant.placeOf(one)) };
    if (!parts.has(name)) own.gone.push(tenant.placeOf(name));
    staged.push(own);
    await makeFolder(tenant.folder);
    for (const [shard, rows] of parts) {
      const temporary = await new StoreFile(tenant.folder, tenant.fileForm(shard), keys).stage(rows, headFile.path);
      own.moves.push({ from: basename(temporary), to: tenant.placeOf(shard) });
    }
  }
}

const isChanged = ({ before, after }: OpenedShard): boolean =>
  before.size !== after.size || [...after].some(([id, row]) => before.get(id) !== row);

/** Kept speech that no row refers to any more. */
function droppedSpeech(changed: readonly OpenedShard[]): string[] {
  const kept = new Set(changed.flatMap(({ after }) => [...after.values()].flatMap(audioIdsOf)));
  const before = changed.flatMap((shard) =>
    [...shard.before].flatMap(([id, row]) => (shard.after.get(id) === row ? [] : audioIdsOf(row))),
  );
  return before.filter((audioId) => !kept.has(audioId));
}

/** Makes a folder that survives a power cut. */
async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  await syncFolder(dirname(folder));
  await syncFolder(dirname(made));
}
