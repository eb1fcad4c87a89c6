import type { StorePlace } from '../../core/storePlace.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { storeFolder } from './storeFolder.js';

/** Where the store is: its folder and, where VOICE_PRINTS_DATABASE_URL is set, its database. */
export const storePlace = (args: ParsedArguments, env: Terminal['env']): StorePlace => ({
  storeDirectory: storeFolder(args, env),
  databaseUrl: env.VOICE_PRINTS_DATABASE_URL || undefined,
  audioUrl: env.VOICE_PRINTS_AUDIO_URL || undefined,
});
