import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AuditEntry } from '../../core/audit.js';
import { auditTrailOf, readAuditLog } from '../../registry/auditTrail.js';
import { storedCalibrations } from '../../registry/calibrationCopies.js';
import { storeCalibration } from '../../registry/calibrationStore.js';
import { putUnknownVoices, storedUnknownVoices } from '../../registry/unknownVoiceCopies.js';
import { count } from './copyPeople.js';
import { type CopyCount, type CopyRequest, newCount } from './copyRequest.js';

/** Entries that are appended at once. */
const ENTRIES = 500;

/** Copies unknown voices with their numbers; those of the target are kept, unless they are to be replaced. */
export async function copyUnknownVoices(
  { from, to, encryptionKey, isReplacing }: CopyRequest,
  sourceKey: string | undefined,
): Promise<CopyCount> {
  const given = await storedUnknownVoices(from, sourceKey);
  const total = newCount();
  if (given.lastNumbers.size === 0) return total;
  const keyOf = ({ tenantId, id }: { readonly tenantId: string; readonly id: string }) => `${tenantId}\n${id}`;
  const there = new Map((await storedUnknownVoices(to, encryptionKey)).voices.map((voice) => [keyOf(voice), voice]));
  const voices = given.voices.filter((voice) => {
    const known = there.get(keyOf(voice));
    const isKept = known !== undefined && (!isReplacing || isDeepStrictEqual(known, voice));
    count(total, isKept);
    return !isKept;
  });
  await putUnknownVoices(to, encryptionKey, { ...given, voices });
  return total;
}

/** Appends the entries that the target does not have: as often as the source has them. */
export async function copyAuditLog({ from, to, signal, onProgress }: CopyRequest): Promise<CopyCount> {
  const known = new Map<string, number>();
  for await (const entry of readAuditLog(to)) {
    if (entry) known.set(digestOf(entry), (known.get(digestOf(entry)) ?? 0) + 1);
  }
  const total = newCount();
  const trail = auditTrailOf(to);
  let waiting: AuditEntry[] = [];
  const append = async () => {
    signal.throwIfAborted();
    if (waiting.length > 0) await trail.append(waiting);
    waiting = [];
    onProgress?.('entries of the audit log', total.copied + total.there, total.copied + total.there);
  };
  for await (const entry of readAuditLog(from)) {
    if (!entry) continue; // nothing that any release could read
    const digest = digestOf(entry);
    const left = known.get(digest) ?? 0;
    known.set(digest, left - 1);
    if (left <= 0) waiting.push(entry);
    count(total, left > 0);
    if (waiting.length >= ENTRIES) await append();
  }
  await append();
  return total;
}

/** Copies the calibrations of one's own; those of the target are kept, unless they are to be replaced. */
export async function copyCalibrations({ from, to, isReplacing }: CopyRequest): Promise<CopyCount> {
  const total = newCount();
  const there = new Map((await storedCalibrations(to)).map((stored) => [stored.model.id, stored]));
  for (const stored of await storedCalibrations(from)) {
    const known = there.get(stored.model.id);
    const isKept = known !== undefined && (!isReplacing || isDeepStrictEqual(known, stored));
    if (!isKept) await storeCalibration(to, stored.model, stored.calibration);
    count(total, isKept);
  }
  return total;
}

/** The same whatever the order of the members, which a database does not keep. */
const digestOf = (entry: AuditEntry): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('base64')
    .slice(0, 22);
