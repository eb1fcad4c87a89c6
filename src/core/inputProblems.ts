/** An issue as zod reports it. */
interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly [detail: string]: unknown;
}

/** Names of types in messages. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/**
 * What is wrong with data from outside, as sentences: `rtpPort must be at most 65535`. The given value is not
 * repeated: it may be a secret.
 */
export const inputProblems = ({ issues }: { readonly issues: readonly unknown[] }): string =>
  (issues as readonly Issue[]).map((issue) => `${placeOf(issue)} ${problemOf(issue)}`).join('; ');

const placeOf = ({ path }: Issue): string => (path.length > 0 ? path.map(String).join('.') : 'it');

/** Without the place, e.g. `must be at most 65535`. */
export function problemOf(raw: unknown): string {
  const issue = raw as Issue;
  switch (issue.code) {
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return 'is missing';
      return `must be ${TYPES[String(issue.expected)] ?? String(issue.expected)}`;
    case 'too_small':
      return limited(issue, 'at least', issue.minimum);
    case 'too_big':
      return limited(issue, 'at most', issue.maximum);
    case 'invalid_value':
      return oneOf(issue.values as readonly unknown[]);
    case 'invalid_union':
      if (issue.discriminator !== undefined) return oneOf(issue.options as readonly unknown[]);
      return unionOf(issue.errors as readonly (readonly Issue[])[]);
    case 'invalid_key':
      return `is not a valid name: it ${problemOf((issue.issues as readonly Issue[])[0]!)}`;
    case 'unrecognized_keys':
      return `has unknown fields: ${(issue.keys as readonly string[]).join(', ')}`;
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    default:
      // A message of our own, or the default one of a pattern.
      return /^(Invalid|Too|Unrecognized)\b/.test(issue.message) ? 'is not of the expected form' : issue.message;
  }
}

function limited({ origin }: Issue, how: string, limit: unknown): string {
  if (origin === 'string') return `must have ${how} ${String(limit)} characters`;
  if (origin === 'array') return `must have ${how} ${String(limit)} entries`;
  return `must be ${how} ${String(limit)}`;
}

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? `must be ${String(values[0])}` : `must be one of ${values.map(String).join(', ')}`;

/** Unions of fixed values are listed together; of others, the first alternative is the most likely one. */
function unionOf(errors: readonly (readonly Issue[])[]): string {
  const first = errors.map(([issue]) => issue);
  const values = first.flatMap((issue) => (issue?.code === 'invalid_value' ? (issue.values as unknown[]) : []));
  if (values.length === first.length && values.length > 0) return oneOf(values);
  return first[0] ? problemOf(first[0]) : 'is not of the expected form';
}
