import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { answering } from '../../files/answering.js';
import { TENANT } from './apiKeys.js';
import { SCOPES } from './caller.js';

export const LONGEST_LABEL = 200;

const keyRow = z.object({
  keyId: z.string().min(1),
  tenantId: z.string().regex(TENANT),
  label: z.string().max(LONGEST_LABEL),
  scopes: z.array(z.enum(SCOPES)).min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  /** Refused from this time on: when it was revoked, or, after a rotation, when its grace ends. */
  endsAt: z.iso.datetime().optional(),
  /** Refused regardless of the clock: it was revoked, or has been observed to have ended. */
  isRevoked: z.literal(true).optional(),
  /** The first key of the chain of rotations that led to it. */
  ownerId: z.string().min(1).optional(),
});

const tenantRow = z.object({
  callsPerMinute: z.number().int().positive().optional(),
  audioMinutesPerDay: z.number().positive().optional(),
});

const ringForm = z.object({
  version: z.literal(1),
  keys: z.array(keyRow),
  tenants: z.record(z.string().regex(TENANT), tenantRow).default({}),
});

/** A key as stored: its digest, never the key. */
export type KeyRow = z.output<typeof keyRow>;

/** The keys of a store and the limits of its tenants, as stored. */
export type StoredRing = z.output<typeof ringForm>;

export const EMPTY_RING: StoredRing = { version: 1, keys: [], tenants: {} };

/** Path of the keys of a store: in its folder, beside the voiceprints. */
export const keyFileOf = (storeDirectory: string): string => join(storeDirectory, 'api-keys.json');

/**
 * Throws FILE_UNREADABLE, REGISTRY_UNAVAILABLE, and CONFIG_INVALID where the file is not a key file.
 * Without a file the ring is empty.
 */
export async function readKeyFile(path: string): Promise<StoredRing> {
  let text: string;
  try {
    text = await answering(dirname(path), () => readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof VoicePrintsError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return EMPTY_RING;
    const message = `the API keys cannot be read (${code}); check the rights of ${path}`;
    throw new VoicePrintsError('FILE_UNREADABLE', message, { cause });
  }
  const ring = ringOf(asJson(text));
  if (ring) return ring;
  throw new VoicePrintsError('CONFIG_INVALID', `${path} is not a file of API keys; repair it, or move it away`);
}

/** A ring as it is stored; undefined for what is none. */
export const ringOf = (stored: unknown): StoredRing | undefined => ringForm.safeParse(stored).data;

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
