import { readFile, stat } from 'node:fs/promises';
import { VoicePrintsError } from '../core/errors.js';
import { present } from '../core/present.js';
import type { OwnCertificate, ServerTrust } from '../core/serverTrust.js';
import { assertUsable } from './secureConnection.js';

/** A bundle of every public authority has a quarter of this. */
const MAX_FILE_BYTES = 1_048_576;

/** Where the certificates of a source lie. Empty texts are as good as none. */
export interface TlsFiles {
  /** PEM: authorities in place of the public ones. */
  readonly authorities?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** PEM: certificate of this side, and its key. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Of the key. */
  readonly passphrase?: string | undefined;
}

/** What the files hold. Throws FILE_NOT_FOUND, FILE_UNREADABLE, and CONFIG_INVALID where they cannot be used. */
export async function readTlsFiles(files: TlsFiles): Promise<{ trust?: ServerTrust; own?: OwnCertificate }> {
  const [authorities, certificate, key] = await Promise.all([
    contentOf(files.authorities),
    contentOf(files.certificate),
    contentOf(files.key),
  ]);
  if ((certificate === undefined) !== (key === undefined)) {
    throw new VoicePrintsError('CONFIG_INVALID', 'a certificate and its key belong together; give both');
  }
  const fingerprint = files.fingerprint || undefined;
  const isTrustGiven = authorities !== undefined || fingerprint !== undefined;
  const trust = isTrustGiven ? present({ authorities, fingerprint }) : undefined;
  const passphrase = files.passphrase || undefined;
  const own =
    certificate !== undefined && key !== undefined ? { certificate, key, ...present({ passphrase }) } : undefined;
  assertUsable(trust, own);
  return present({ trust, own });
}

async function contentOf(path: string | undefined): Promise<string | undefined> {
  if (!path) return undefined;
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES) throw new Error('too large');
    return await readFile(path, 'utf8');
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new VoicePrintsError(
      isAbsent ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      `${path} ${isAbsent ? 'does not exist; check the path' : 'cannot be read as PEM; check it and its permissions'}`,
      { cause },
    );
  }
}
