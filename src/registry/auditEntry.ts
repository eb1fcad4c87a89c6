import { z } from 'zod';
import { AUDIT_ACTIONS, type AuditEntry } from '../core/audit.js';

export interface AuditFilter {
  readonly speakerId?: string | undefined;
  readonly tenantId?: string | undefined;
}

/** Less strict than what is written: entries of later versions are shown unchanged. */
const storedEntry = z.looseObject({
  time: z.string(),
  tenantId: z.string(),
  actor: z.string(),
  action: z.enum(AUDIT_ACTIONS),
  speakerId: z.string().nullable(),
  outcome: z.enum(['accepted', 'complete', 'rejected', 'done', 'absent', 'failed']),
});

/** Undefined for what is no entry. */
export const entryOf = (stored: unknown): AuditEntry | undefined =>
  storedEntry.safeParse(stored).data as AuditEntry | undefined;
