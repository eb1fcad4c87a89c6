import pg from 'pg';
import { VoicePrintsError } from '../core/errors.js';

/** Of PostgreSQL (SQLSTATE) and of the system: the connection ended, or the server is not ready. */
const LOST = /^(08|57P0[1-5]|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/;
/** What `pg` throws without a code. */
const LOST_WITHOUT_CODE =
  /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded|Query read timeout)/;

/** Of our trigger `assert_sealed`. */
const NOT_SEALED = 'VP001';

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^28/, 'it refuses the user or the password; correct VOICE_PRINTS_DATABASE_URL'],
  [/^3D000/, 'there is no database of this name on the server; create it'],
  [
    /^42501/,
    'the user may not do this; run "voice-prints migrate --grant ROLE" as the owner of the tables, with its role',
  ],
  [/^53300/, 'it has no connections left; raise max_connections, or use fewer processes'],
  [/^(53100|54)/, 'it has no room left; free disk space'],
  [/^(25006)/, 'it is read-only; connect to the primary server'],
];
const USUAL_REMEDY = 'check that it runs and can be reached from here';

const codeOf = (error: unknown): string => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
};

/** Whether work failed because its connection ended: it may succeed on another one. */
export const isConnectionLost = (error: unknown): boolean =>
  LOST.test(codeOf(error)) || (error instanceof Error && LOST_WITHOUT_CODE.test(error.message));

/** Of a question for a transaction that a server, which was killed, has never written down: none of it is left. */
export const isOfUnknownTransaction = (error: unknown): boolean => codeOf(error) === '22023';

/** Deadlocks and serialization: the server undid the transaction, which may succeed when it is done again. */
export const isUndone = (error: unknown): boolean => /^40(001|P01)$/.test(codeOf(error));

/** Whether an error is the server's or the connection's, not one of our own. */
export const isOfDatabase = (error: unknown): boolean => isConnectionLost(error) || error instanceof pg.DatabaseError;

/** Without the server's words, which may quote a row, and without its address, which holds a password. */
export function databaseError(cause: unknown): VoicePrintsError {
  if (cause instanceof VoicePrintsError) return cause;
  const code = codeOf(cause);
  if (code === NOT_SEALED)
    return new VoicePrintsError('REGISTRY_KEY_MISSING', 'the voiceprint store is encrypted; give its key', { cause });
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code))?.[1] ?? USUAL_REMEDY;
  const shown = code === '' ? '' : ` (${code})`;
  return new VoicePrintsError('REGISTRY_UNAVAILABLE', `the database cannot be used${shown}: ${remedy}`, {
    ...(code !== '' && { details: { systemCode: code } }),
    cause,
  });
}
