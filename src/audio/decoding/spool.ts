import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteSource, FileSource } from '../byteSource.js';

/**
 * Writes a source into a private temporary file, for containers that must be read out of order.
 * On Linux the name is gone before the first byte is decoded, so that not even a killed process leaves it behind;
 * elsewhere, where a child cannot open it anew without its name, it goes on dispose. The caller keeps owning `source`.
 */
export async function spool(source: ByteSource, temporaryFolder: string, signal: AbortSignal): Promise<ByteSource> {
  const folder = await mkdtemp(join(temporaryFolder, 'voice-prints-')); // mode 0700
  const erase = () => rm(folder, { recursive: true, force: true });
  let handle: FileHandle | undefined;
  try {
    const path = join(folder, 'recording');
    handle = await open(path, 'wx+', 0o600);
    const size = await copyInto(handle, source, signal);
    if (process.platform === 'linux') await erase();
    return new FileSource(handle, size, { path, afterClose: erase });
  } catch (thrown) {
    await handle?.close();
    await erase();
    throw thrown;
  }
}

/** Written at explicit positions: the child inherits the descriptor, and its position must still be 0. */
async function copyInto(handle: FileHandle, source: ByteSource, signal: AbortSignal): Promise<number> {
  let size = 0;
  for await (const chunk of source.chunks()) {
    signal.throwIfAborted();
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, size + done);
      done += bytesWritten;
    }
    size += chunk.length;
  }
  return size;
}
