import { rowText, type ShardRows } from '../stored/shardForm.js';
import { LONGEST_PATH, pathOfId, ROOT } from './shardNames.js';

/** A shard with more text than this is split: what a write costs does not depend on how many people there are. */
export const MOST_SHARD_BYTES = 96 * 1024;

/** Rows as the shards that they are written to, by name: the shard itself, or several in its place where it grew too large. */
export function splitShard(tenantId: string, name: string, rows: ShardRows): Map<string, ShardRows> {
  const depth = name.length - ROOT.length;
  const size = Array.from(rows.values(), (row) => rowText(row).length).reduce((sum, length) => sum + length, 0);
  if (size <= MOST_SHARD_BYTES || rows.size < 2 || depth >= LONGEST_PATH) return new Map([[name, rows]]);
  const halves: [ShardRows, ShardRows] = [new Map(), new Map()];
  for (const [id, row] of rows) halves[pathOfId(tenantId, id)[depth] === '0' ? 0 : 1].set(id, row);
  return new Map([...splitShard(tenantId, `${name}0`, halves[0]), ...splitShard(tenantId, `${name}1`, halves[1])]);
}
