import type { Terminal } from '../command.js';

/** Private hosts that URLs may refer to, from `VOICE_PRINTS_WEBHOOK_ALLOW=host,host:port`. */
export const allowedHosts = (env: Terminal['env']): readonly string[] =>
  env.VOICE_PRINTS_WEBHOOK_ALLOW?.split(',').flatMap((name) => name.trim() || []) ?? [];
