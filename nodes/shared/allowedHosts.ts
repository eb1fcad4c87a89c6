/** Private hosts that addresses of others may lead to, from `VOICE_PRINTS_WEBHOOK_ALLOW=host,host:port`. */
export const allowedHosts = (): readonly string[] =>
  (process.env.VOICE_PRINTS_WEBHOOK_ALLOW ?? '').split(',').flatMap((name) => name.trim() || []);
