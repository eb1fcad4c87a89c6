import { VoicePrintsError } from '../core/errors.js';

/**
 * What opening a database does to its tables: brings them up to date, refuses those that are not, or leaves them as they are for whoever
 * migrates.
 */
export type TablesUse = 'migrate' | 'check' | 'leave';

/** For every process, whichever of the surfaces opens the database. Throws CONFIG_INVALID. */
export function tablesUse(env: NodeJS.ProcessEnv = process.env): TablesUse {
  const wanted = env.VOICE_PRINTS_MIGRATE || 'on';
  if (wanted === 'on') return 'migrate';
  if (wanted === 'off') return 'check';
  throw new VoicePrintsError('CONFIG_INVALID', 'VOICE_PRINTS_MIGRATE is neither on nor off; correct it');
}
