import { VoicePrintsError } from '../core/errors.js';

/** There is no room for another job. */
export const jobsFull = (retryAfterSeconds: number) =>
  new VoicePrintsError('JOBS_FULL', 'too many jobs are waiting; send this one again later', {
    details: { retryAfterSeconds },
  });

/** The request id is that of another request. */
export const jobConflict = () =>
  new VoicePrintsError(
    'JOB_CONFLICT',
    'another request was already made under this request id; choose another id, or repeat the request unchanged',
  );
