import type { StorePlace } from '../core/storePlace.js';
import type { SealingKey } from '../sealing/sealing.js';
import { audioPlaceOf } from './audioPlace.js';
import type { AudioStore } from './audioStore.js';
import { FileAudioStore } from './fileAudioStore.js';

/** The audio that all processes of a database share. Throws CONFIG_INVALID, REGISTRY_UNAVAILABLE. */
export async function openAudioStore(place: StorePlace, key: SealingKey | undefined): Promise<AudioStore> {
  const audio = audioPlaceOf(place, process.env);
  if (audio.kind === 'folder') return FileAudioStore.open(audio.path, key);
  const { S3AudioStore } = await import('./s3/s3AudioStore.js');
  return S3AudioStore.open(audio, key);
}
