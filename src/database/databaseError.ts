import pg from 'pg';
import { VoicePrintsError } from '../core/errors.js';
import { storeKeyMissing } from '../sealing/storeKeyMissing.js';

/**
 * Of PostgreSQL (SQLSTATE) and of the system: the connection ended, or the server is not ready. Names of containers and services are not
 * found while these restart.
 */
const LOST = /^(08|57P0[1-5]|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)/;
/** What `pg` throws without a code. */
const LOST_WITHOUT_CODE =
  /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded|Query read timeout)/;

/** A text holds a NUL, or what is no Unicode: of a value that was given, not of the server. */
const NOT_TEXT = /^22(021|P05)$/;

/** Of our trigger `assert_sealed`. */
const NOT_SEALED = 'VP001';

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^28/, 'it refuses the user or the password; correct VOICE_PRINTS_DATABASE_URL'],
  [/^3D000/, 'there is no database of this name on the server; create it'],
  [
    /^42501/,
    'the user may not do this; run "voice-prints migrate --grant ROLE" as the owner of the tables, with its role',
  ],
  [/^(42|3F)/, 'its schema voice_prints holds other tables than ours; use a database that no other program uses'],
  [/^ENOENT/, 'there is no file or socket that VOICE_PRINTS_DATABASE_URL names; correct it'],
  [/^ENOTFOUND/, 'there is no host of this name; correct VOICE_PRINTS_DATABASE_URL'],
  [
    /CERT|SIGN|TLS|SSL/,
    'it and this program do not agree on TLS; correct sslmode and sslrootcert in VOICE_PRINTS_DATABASE_URL',
  ],
  [/^53300/, 'it has no connections left; raise max_connections, or use fewer processes'],
  [/^(53100|54)/, 'it has no room left; free disk space'],
  [/^(25006)/, 'it is read-only; connect to the primary server'],
];
/** Of what `pg` throws without a code, by its words. */
const REMEDIES_WITHOUT_CODE: readonly (readonly [RegExp, string])[] = [
  [/ SSL /, 'it offers no TLS; leave sslmode out of VOICE_PRINTS_DATABASE_URL, or switch TLS on there'],
  [/password/, 'it wants a password; add it to VOICE_PRINTS_DATABASE_URL'],
];
const USUAL_REMEDY = 'check that it runs and can be reached from here';

const codeOf = (error: unknown): string => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
};

/** Whether work failed because its connection ended: it may succeed on another one. */
export const isConnectionLost = (error: unknown): boolean =>
  LOST.test(codeOf(error)) || (error instanceof Error && LOST_WITHOUT_CODE.test(error.message));

/** Deadlocks and serialization: the server undid the transaction, which may succeed when it is done again. */
export const isUndone = (error: unknown): boolean => /^40(001|P01)$/.test(codeOf(error));

/** Whether an error is the server's or the connection's, not one of our own. */
export const isOfDatabase = (error: unknown): boolean => isConnectionLost(error) || error instanceof pg.DatabaseError;

/** Without the server's words, which may quote a row, and without its address, which holds a password. */
export function databaseError(cause: unknown): VoicePrintsError {
  if (cause instanceof VoicePrintsError) return cause;
  const code = codeOf(cause);
  if (code === NOT_SEALED) return storeKeyMissing(cause);
  if (NOT_TEXT.test(code))
    return new VoicePrintsError('INPUT_INVALID', 'a text holds a NUL or half of a surrogate pair; leave it out', {
      cause,
    });
  const remedy = remedyFor(code, cause);
  const shown = code === '' ? '' : ` (${code})`;
  return new VoicePrintsError('REGISTRY_UNAVAILABLE', `the database cannot be used${shown}: ${remedy}`, {
    ...(code !== '' && { details: { systemCode: code } }),
    cause,
  });
}

function remedyFor(code: string, cause: unknown): string {
  const words = cause instanceof Error ? cause.message : '';
  const known =
    code === ''
      ? REMEDIES_WITHOUT_CODE.find(([pattern]) => pattern.test(words))
      : REMEDIES.find(([pattern]) => pattern.test(code));
  return known?.[1] ?? USUAL_REMEDY;
}
