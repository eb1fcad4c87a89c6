import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A signing secret in the form of Standard Webhooks: 256 random bits. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The headers of Standard Webhooks: one signature per valid secret, no signature header where there is none. */
export function webhookHeaders(
  webhookId: string,
  payload: string,
  { secrets, atMs }: { readonly secrets: readonly string[]; readonly atMs: number },
): Readonly<Record<string, string>> {
  const at = new Date(atMs);
  const signatures = secrets.map((secret) => new Webhook(secret).sign(webhookId, at, payload));
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    ...(signatures.length > 0 ? { 'webhook-signature': signatures.join(' ') } : {}),
  };
}
