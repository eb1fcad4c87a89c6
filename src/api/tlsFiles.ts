import { readFile } from 'node:fs/promises';
import { VoicePrintsError } from '../core/errors.js';

/** Paths of PEM files; empty: none. */
export interface TlsFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** The contents of a certificate (with its chain) and of its private key, both PEM. */
export interface Tls {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
}

/**
 * The contents of both files; undefined where neither is given. Throws CONFIG_INVALID where only one is, FILE_NOT_FOUND and
 * FILE_UNREADABLE, which name the file.
 */
export async function readTls({ certificate, privateKey }: TlsFiles): Promise<Tls | undefined> {
  if (certificate === '' && privateKey === '') return undefined;
  if (certificate === '' || privateKey === '') {
    const message = 'a TLS certificate and its private key belong together; name both files, or neither';
    throw new VoicePrintsError('CONFIG_INVALID', message);
  }
  return {
    certificate: await readPem(certificate, 'TLS certificate'),
    privateKey: await readPem(privateKey, 'private key of the TLS certificate'),
  };
}

async function readPem(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const problem = isAbsent
      ? 'does not exist; check the path'
      : 'cannot be read; check that it is a file and its permissions';
    const message = `the ${what} ${file} ${problem}`;
    throw new VoicePrintsError(isAbsent ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, { cause, details: { file } });
  }
}
