import { readFile } from 'node:fs/promises';
import { VoicePrintsError } from '../../index.js';

/** The bytes of a file given by the user; throws FILE_NOT_FOUND or FILE_UNREADABLE. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const [code, problem] = isAbsent
      ? (['FILE_NOT_FOUND', 'does not exist; check the path'] as const)
      : (['FILE_UNREADABLE', 'cannot be read; check that it is a file and its permissions'] as const);
    throw new VoicePrintsError(code, `${file} ${problem}`, { cause, details: { file } });
  }
}

/** The same as UTF-8 text. */
export const readText = async (file: string): Promise<string> => new TextDecoder().decode(await readBytes(file));
