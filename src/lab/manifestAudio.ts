import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Recording } from '../audio/recording.js';
import { ENGINE_SAMPLE_RATE_HZ } from '../core/audioFrame.js';
import { VoicePrintsError } from '../core/errors.js';
import { wholeRecording } from '../engine/recording/wholeRecording.js';
import { type ManifestRow, parseManifest } from '../evaluation/manifest.js';

export interface ManifestAudioOptions {
  /** One JSON object per line, see evaluation/manifest.ts; its files are relative to it. */
  readonly manifestPath: string;
  /** Starts to decode a file. */
  readonly openRecording: (path: string) => Promise<Recording>;
  readonly signal: AbortSignal;
  /** Utterances read so far, and in total. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The utterances of a manifest. Throws FILE_NOT_FOUND, FILE_UNREADABLE, INPUT_INVALID. */
export async function readManifestRows(path: string): Promise<ManifestRow[]> {
  return parseManifest(await readText(path));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const code = isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    throw new VoicePrintsError(code, 'the manifest cannot be read; check its path', { cause });
  }
}

/**
 * The audio of each group of utterances, in order: one array per utterance, mono 16 kHz, a copy that the caller may
 * transfer. A file is decoded once, before the first of its utterances, and released after the last.
 */
export async function* groupAudio(
  groups: readonly (readonly ManifestRow[])[],
  { manifestPath, openRecording, signal, onProgress }: ManifestAudioOptions,
): AsyncGenerator<Float32Array<ArrayBuffer>[]> {
  const rows = groups.flat();
  const left = new Map<string, number>();
  for (const { file } of rows) left.set(file, (left.get(file) ?? 0) + 1);
  const decoded = new Map<string, Float32Array>();
  let done = 0;
  for (const group of groups) {
    const cuts: Float32Array<ArrayBuffer>[] = [];
    for (const row of group) {
      signal.throwIfAborted();
      const { file } = row;
      const samples =
        decoded.get(file) ?? (await wholeRecording(await openRecording(resolve(dirname(manifestPath), file))));
      const uses = left.get(file)! - 1;
      left.set(file, uses);
      if (uses > 0) decoded.set(file, samples);
      else decoded.delete(file);
      cuts.push(cutOf(samples, row));
      done += 1;
      onProgress?.(done, rows.length);
    }
    yield cuts;
  }
}

function cutOf(samples: Float32Array, { startSeconds, endSeconds }: ManifestRow): Float32Array<ArrayBuffer> {
  const at = (seconds: number) => Math.min(samples.length, Math.trunc(seconds * ENGINE_SAMPLE_RATE_HZ));
  return samples.slice(at(startSeconds), endSeconds === undefined ? samples.length : at(endSeconds));
}
