import type { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { nearName } from '../../core/nearName.js';

/**
 * Refuses query parameters that a call of /v1 does not have: a misspelt one would change nothing, and nobody would notice. Throws
 * INPUT_INVALID, with the name that is likely meant and never with the one that was given.
 */
export function assertKnownQuery(query: Readonly<Record<string, string>>, ...schemas: readonly z.ZodType[]): void {
  const known = [...new Set(schemas.flatMap(namesOf))];
  const unknown = Object.keys(query).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearName(unknown, known);
  const list = `known are ${known.join(', ')}`;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    near ? `a query parameter is not known; did you mean ${near}` : `a query parameter is not known; ${list}`,
  );
}

const namesOf = (schema: z.ZodType): string[] => Object.keys((schema as unknown as { shape: object }).shape);
