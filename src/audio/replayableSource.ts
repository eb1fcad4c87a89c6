import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingSource } from '../core/recording.js';
import { openByteSource } from './byteSource.js';

/** A source that can be opened several times; dispose it after the last time. */
export interface ReplayableSource extends AsyncDisposable {
  readonly source: Exclude<RecordingSource, { kind: 'stream' }>;
}

/**
 * The same recording, from a private temporary file where it comes as a stream. On Linux the file has no name, so that
 * not even a killed process leaves it behind; elsewhere opening a descriptor does not begin at position 0. Throws AUDIO_TOO_LARGE, FILE_UNREADABLE, or the signal's reason.
 */
export async function replayableSource(
  source: RecordingSource,
  maxBytes: number,
  signal: AbortSignal,
): Promise<ReplayableSource> {
  if (source.kind !== 'stream') return { source, async [Symbol.asyncDispose]() {} };
  const { stream, kind: _stream, ...about } = source;
  const folder = await mkdtemp(join(tmpdir(), 'voice-prints-')); // mode 0700
  const erase = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'recording');
  const handle = await open(path, 'wx+', 0o600).catch(async (thrown) => {
    await erase();
    throw thrown;
  });
  try {
    await using bytes = await openByteSource(source, maxBytes, signal);
    for await (const chunk of bytes.chunks()) await handle.appendFile(chunk);
    const hasName = process.platform !== 'linux';
    if (!hasName) await erase();
    return {
      source: { ...about, kind: 'file', path: hasName ? path : `/dev/fd/${handle.fd}` },
      async [Symbol.asyncDispose]() {
        await handle.close();
        await erase();
      },
    };
  } catch (thrown) {
    await handle.close();
    await erase();
    throw thrown;
  }
}
