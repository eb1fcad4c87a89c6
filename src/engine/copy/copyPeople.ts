import { isDeepStrictEqual } from 'node:util';
import { VoicePrintsError } from '../../core/errors.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { type CopyCount, type CopyRequest, newCount } from './copyRequest.js';

const PAGE = 100;
/** Ids that a refusal names. */
const MOST_NAMED = 20;

/** Both registries, open, and the tenants of the source. */
export interface PeopleCopy {
  readonly source: VoiceprintRegistry;
  readonly target: VoiceprintRegistry;
  readonly tenants: readonly string[];
}

/**
 * Looks at everybody before anything is changed, and returns how many there are. Throws SPEAKER_EXISTS where somebody is in the
 * target already, and differs, unless they are to be replaced.
 */
export async function assertNobodyDiffers(copy: PeopleCopy, { isReplacing, signal }: CopyRequest): Promise<number> {
  let total = 0;
  const different: string[] = [];
  for await (const { voiceprints } of pages(copy, signal)) {
    total += voiceprints.length;
    if (isReplacing) continue;
    for (const voiceprint of voiceprints) {
      const there = await copy.target.get(voiceprint.tenantId, voiceprint.id);
      if (there && !isDeepStrictEqual(there, voiceprint)) different.push(voiceprint.id);
    }
  }
  if (different.length > 0) throw peopleDiffer(different);
  return total;
}

/** Copies people a page at a time, with their kept speech; those who are there already are left as they are. */
export async function copyPeople(
  copy: PeopleCopy,
  { isReplacing = false, signal, onProgress }: CopyRequest,
  total: number,
): Promise<{ readonly people: CopyCount; readonly speech: CopyCount }> {
  const [people, speech] = [newCount(), newCount()];
  for await (const { tenantId, voiceprints } of pages(copy, signal)) {
    const missing: Voiceprint[] = [];
    for (const voiceprint of voiceprints) {
      const isThere = isDeepStrictEqual(await copy.target.get(tenantId, voiceprint.id), voiceprint);
      if (!isThere) missing.push(voiceprint);
      count(people, isThere);
    }
    if (missing.length > 0) await copy.target.putAll(tenantId, missing, { replace: isReplacing });
    for (const voiceprint of voiceprints) await copySpeech(copy, voiceprint, speech);
    onProgress?.('people', people.copied + people.there, total);
  }
  return { people, speech };
}

async function copySpeech({ source, target }: PeopleCopy, voiceprint: Voiceprint, speech: CopyCount): Promise<void> {
  const { tenantId, id, exemplars } = voiceprint;
  for (const { audioId } of exemplars) {
    const kept = audioId === undefined ? undefined : await source.speech(tenantId, audioId);
    if (audioId === undefined || !kept) continue;
    const isThere = (await target.speech(tenantId, audioId)) !== undefined;
    if (!isThere) await target.keepSpeech(tenantId, id, audioId, kept);
    count(speech, isThere);
  }
}

interface PeoplePage {
  readonly tenantId: string;
  readonly voiceprints: readonly Voiceprint[];
}

async function* pages({ source, tenants }: PeopleCopy, signal: AbortSignal): AsyncGenerator<PeoplePage> {
  for (const tenantId of tenants) {
    for (let after: string | undefined; ; ) {
      signal.throwIfAborted();
      const { voiceprints, next } = await source.page(tenantId, { limit: PAGE, after });
      yield { tenantId, voiceprints };
      if (next === undefined) break;
      after = next;
    }
  }
}

export function count(of: CopyCount, isThere: boolean): void {
  if (isThere) of.there += 1;
  else of.copied += 1;
}

function peopleDiffer(ids: readonly string[]): VoicePrintsError {
  const named = ids.slice(0, MOST_NAMED).join(', ') + (ids.length > MOST_NAMED ? ', …' : '');
  return new VoicePrintsError(
    'SPEAKER_EXISTS',
    `${ids.length} of these people are in the target already, and differ: ${named}; nothing was changed; copy to an empty store, or replace them`,
    { details: { speakerIds: ids.join(',') } },
  );
}
