import { createHash } from 'node:crypto';

const HASH_LENGTH = 8;
const MAX_SLUG_LENGTH = 48;

/**
 * A name in any script as an id of `[a-z0-9_]`, never empty, as Home Assistant requires in a topic. A hash of the whole name
 * is appended to names that lose letters or would share an id.
 */
export function objectId(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, MAX_SLUG_LENGTH);
  if (slug === name) return slug;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  return slug === '' ? hash : `${slug}_${hash}`;
}
