import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../files/atomicFile.js';
import { whileInUse } from '../../files/whileInUse.js';
import type { SpeechFolder } from '../speechFolder.js';
import type { Intent, StoreHead } from '../stored/headForm.js';
import { committed, type HeadFile } from './headFile.js';
import { SHARDS } from './shardNames.js';

export interface IntentParts {
  readonly folder: string;
  readonly headFile: HeadFile;
  readonly speech: SpeechFolder;
}

/** Completes a change of several files; the same again where it is complete already. Only while holding the store's lock. */
export async function carryOut(head: StoreHead, { folder, headFile, speech }: IntentParts): Promise<void> {
  const { moves, gone, speech: dropped } = head.intent!;
  for (const { from, to } of moves) await moved(join(folder, from), pathOfPlace(folder, to));
  // In a copy of the folder that was made meanwhile files may be missing: what was split is then still needed.
  const isWhole = moves.every(({ to }) => existsSync(pathOfPlace(folder, to)));
  if (isWhole) for (const place of gone) await rm(pathOfPlace(folder, place), { force: true });
  await syncFoldersOf(folder, head.intent!);
  await speech.erase(dropped);
  await headFile.write(committed(head, placesOf(head.intent!)), { isHint: true });
}

export const pathOfPlace = (folder: string, place: string): string => join(folder, SHARDS, `${place}.json`);

export const placesOf = ({ moves, gone }: Intent): string[] => [...moves.map(({ to }) => to), ...gone];

async function moved(from: string, to: string): Promise<void> {
  await whileInUse(() => rename(from, to)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error; // else it was moved before
  });
}

async function syncFoldersOf(folder: string, intent: Intent): Promise<void> {
  const folders = new Set(placesOf(intent).map((place) => dirname(pathOfPlace(folder, place))));
  for (const one of folders) await syncFolder(one);
}
