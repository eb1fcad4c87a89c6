import { VoicePrintsError } from './errors.js';

/** What the database (SQLSTATE) or the system called a failure, where its error says so: for logs, since operators look it up. */
export function systemCodeOf(error: unknown): { readonly systemCode?: string | number } {
  const systemCode = error instanceof VoicePrintsError ? error.details.systemCode : undefined;
  return systemCode === undefined ? {} : { systemCode };
}
