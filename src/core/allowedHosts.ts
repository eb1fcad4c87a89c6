/**
 * Private hosts that URLs of others may refer to, `host` or `host:port`: from `VOICE_PRINTS_ALLOWED_HOSTS`, or from its
 * older name `VOICE_PRINTS_WEBHOOK_ALLOW` where that is not set. Separated by commas.
 */
export function allowedHosts(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const text = env.VOICE_PRINTS_ALLOWED_HOSTS ?? env.VOICE_PRINTS_WEBHOOK_ALLOW ?? '';
  return text.split(',').flatMap((name) => name.trim() || []);
}
