import { z } from 'zod';

const id = z.uuid();
const code = z.string().regex(/^[A-Z_]{1,64}$/);
const failed = z.object({ enrolmentId: id, error: z.object({ code: code.catch('INTERNAL') }) });
const decided = z.object({
  enrolmentId: id,
  payload: z.object({
    status: z.enum(['rejected', 'accepted', 'complete']),
    speechSeconds: z.number().nonnegative(),
    quality: z.enum(['poor', 'average', 'good', 'high']),
    reasons: z.array(z.object({ code, refuses: z.boolean().default(true) })).max(100),
  }),
});

/**
 * What browsers get of an answer of enroll-speaker, or of an error of it. Every open page gets it, so it names nobody: the page
 * that recorded knows whom.
 */
export function enrolmentAnswer(msg: unknown): object | undefined {
  const error = failed.safeParse(msg);
  if (error.success) return { id: error.data.enrolmentId, error: error.data.error.code, reasons: [] };
  const answer = decided.safeParse(msg);
  return answer.success ? { id: answer.data.enrolmentId, ...answer.data.payload } : undefined;
}
