import { z } from 'zod';
import { type SealedBox, sealedBox } from '../../sealing/sealing.js';
import { parseStore, type ReadableForm } from './storedForm.js';

const FORMAT = 'voice-prints-store';
/**
 * Version 3: the voiceprints are in shards, and this file names what changed last. Its format is that of the file that
 * earlier releases had in its place, so that they refuse the store with REGISTRY_VERSION_NEWER.
 */
const VERSION = 3;

/** `tenant folder/shard`: nothing that leads out of the folder of the shards. */
const place = z.string().regex(/^[\w!'()*~%-]+\/r[01]*$/);
const temporary = z.string().regex(/^\.voiceprints\.json\.tmp-[\w.]+$/);

const commit = z.object({
  id: z.string().min(1),
  /** Shards it changed; null where it may have been any. */
  shards: z.array(place).nullable(),
});

const intent = z.object({
  /** Temporary files of the store's folder, each with the shard that it replaces. Complete: whoever finds them finishes it. */
  moves: z.array(z.object({ from: temporary, to: place })),
  /** Shards that are split: their voiceprints are in others now. */
  gone: z.array(place),
  /** Kept speech to be erased. */
  speech: z.array(z.string().regex(/^[0-9a-f]{32}$/)),
});

const storeHead = z.object({
  /** The latest last. */
  recent: z.array(commit),
  /** A change of several files that is decided, and perhaps not complete yet. */
  intent: intent.exactOptional(),
  /** Shards that a writer is about to replace; if it was killed, readers look at them again and again. */
  touched: z.array(place).exactOptional(),
  /** Proves a key to be the store's; absent where the store is not encrypted. */
  keyCheck: sealedBox.exactOptional(),
});

/** What all processes share about the shards: of constant size, and read whenever it changes. No personal data. */
export type StoreHead = Readonly<z.output<typeof storeHead>>;
export type Commit = z.output<typeof commit>;
export type Intent = z.output<typeof intent>;
export type KeyCheck = SealedBox;

const HEAD_FORM: ReadableForm<StoreHead> = {
  format: FORMAT,
  version: VERSION,
  migrations: {},
  purpose: 'voice-prints store head',
  noun: 'voiceprints',
  schema: storeHead,
  textOf: (head) => headText(head),
};

export const headText = (head: StoreHead): string =>
  `${JSON.stringify({ format: FORMAT, version: VERSION, ...head })}\n`;

const EARLIER = new RegExp(`^\\s*\\{\\s*"format"\\s*:\\s*"${FORMAT}"\\s*,\\s*"version"\\s*:\\s*[12]\\b`);

/** The head, or undefined where the file is the single one of an earlier release. Throws REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER. */
export function parseHead(text: string): StoreHead | undefined {
  if (EARLIER.test(text.slice(0, 200))) return undefined;
  const content = parseStore(HEAD_FORM, text);
  return content.kind === 'plain' ? content.body : undefined;
}
