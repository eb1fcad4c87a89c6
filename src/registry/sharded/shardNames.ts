import { createHash } from 'node:crypto';

/** Folder of the shards, in that of the store. */
export const SHARDS = 'voiceprints';
/** Longest path of a shard: so many voiceprints whose hashes begin alike do not occur. */
export const LONGEST_PATH = 60;
/** The shard of a tenant that was never split. */
export const ROOT = 'r';

/** Where an id belongs: bits of a hash, so that shards fill evenly whatever ids look like; `0` and `1`, the first decides first. */
export function pathOfId(tenantId: string, id: string): string {
  const digest = createHash('sha256').update(`${tenantId}\n${id}`).digest();
  return digest.readBigUInt64BE(0).toString(2).padStart(64, '0').slice(0, LONGEST_PATH);
}

/**
 * The shard that holds a path: the longest that it begins with. Where there is none, ROOT, or of a store that has lost a file the
 * one that fills the gap: never one that stands above others, as it would count in their place.
 */
export function shardOf(path: string, names: ReadonlySet<string>): string {
  for (let length = path.length; length >= 0; length -= 1) {
    const name = ROOT + path.slice(0, length);
    if (names.has(name)) return name;
  }
  let gap = ROOT;
  while ([...names].some((name) => name.startsWith(gap))) gap = ROOT + path.slice(0, gap.length);
  return gap;
}

/**
 * The shards that count, of the files there are. A shard and shards that it was split into are found together in the middle of
 * a split, and in a copy of the folder that was made meanwhile: the parts count where they are complete, else the whole.
 */
export function leavesOf(files: Iterable<string>): { readonly names: Set<string>; readonly leftover: string[] } {
  const all = new Set(files);
  const below = aboveAll(all);
  const isCovered = (name: string): boolean =>
    below.has(name) ? isCovered(`${name}0`) && isCovered(`${name}1`) : all.has(name);
  const names = new Set<string>();
  const add = (name: string): void => {
    if (all.has(name) && !(below.has(name) && isCovered(name))) names.add(name);
    else if (below.has(name)) for (const half of ['0', '1']) add(name + half);
  };
  add(ROOT);
  return { names, leftover: [...all].filter((name) => !names.has(name)) };
}

/** Whatever stands above a file, each with all that stands above it. */
function aboveAll(files: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const name of files) {
    for (let above = name.slice(0, -1); above !== '' && !found.has(above); above = above.slice(0, -1)) found.add(above);
  }
  return found;
}

/** Shards of which the files are lost, of those that count: a split writes both halves, and none is deleted but by a split. */
export function gapsOf(names: ReadonlySet<string>): string[] {
  const above = aboveAll(names);
  const halves = [...above].flatMap((name) => [`${name}0`, `${name}1`]);
  return halves.filter((half) => !names.has(half) && !above.has(half));
}
