import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from '../../core/liveSource.js';

/** A challenge of a 401 answer (RFC 7235). */
interface Challenge {
  readonly scheme: string;
  readonly fields: Readonly<Record<string, string>>;
}

const HASHES: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/**
 * Answers challenges for one user: digest (RFC 2617, RFC 7616; MD5, SHA-256 and SHA-512-256) where it is offered, else basic. RTSP
 * uses the same challenges as HTTP.
 */
export class HttpAuthorization {
  readonly #credentials: Credentials;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /**
   * Takes the `WWW-Authenticate` values of a 401.
   *
   * @returns whether another try makes sense: not where our answer to a fresh challenge was refused
   */
  challenged(values: readonly string[]): boolean {
    const offered = values.flatMap(parseChallenges).filter(isAnswerable);
    const best = offered.find(({ scheme }) => scheme === 'digest') ?? offered[0];
    if (!best) return false;
    const isFirst = this.#challenge === undefined;
    const isStale = best.fields.stale?.toLowerCase() === 'true';
    const isNew = best.scheme === 'digest' && best.fields.nonce !== this.#challenge?.fields.nonce && this.#count > 1;
    this.#challenge = best;
    this.#count = 0;
    return isFirst || isStale || isNew;
  }

  /** Value of `Authorization` for a request; undefined before the first challenge. */
  header(method: string, uri: string): string | undefined {
    if (!this.#challenge) return undefined;
    const { user, password } = this.#credentials;
    this.#count += 1;
    if (this.#challenge.scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    return digestAnswer(this.#challenge.fields, this.#credentials, { method, uri, count: this.#count });
  }
}

/** Whether a digest of this algorithm can be made. */
export const isKnownAlgorithm = (algorithm = 'MD5'): boolean => algorithm.toUpperCase() in HASHES;

/** Value of `Authorization` for one request; `count` is how many of this challenge there were, this one included. */
export function digestAnswer(
  fields: Readonly<Record<string, string>>,
  { user, password }: Credentials,
  { method, uri, count }: { readonly method: string; readonly uri: string; readonly count: number },
): string {
  const { realm = '', nonce = '', opaque, algorithm = 'MD5' } = fields;
  const hash = (text: string) =>
    createHash(HASHES[algorithm.toUpperCase()] ?? 'md5')
      .update(text)
      .digest('hex');
  const [ha1, ha2] = [hash(`${user}:${realm}:${password}`), hash(`${method}:${uri}`)];
  const given: [string, string][] = [
    ['username', quoted(user)],
    ['realm', quoted(realm)],
    ['nonce', quoted(nonce)],
    ['uri', quoted(uri)],
  ];
  if (fields.algorithm) given.push(['algorithm', fields.algorithm]);
  if (opaque !== undefined) given.push(['opaque', quoted(opaque)]);
  if (hasQop(fields)) {
    const nc = count.toString(16).padStart(8, '0');
    const cnonce = randomBytes(8).toString('hex');
    given.push(['qop', 'auth'], ['nc', nc], ['cnonce', quoted(cnonce)]);
    given.push(['response', quoted(hash(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`))]);
  } else given.push(['response', quoted(hash(`${ha1}:${nonce}:${ha2}`))]);
  return `Digest ${given.map(([name, value]) => `${name}=${value}`).join(', ')}`;
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

const hasQop = ({ qop }: Readonly<Record<string, string>>): boolean =>
  qop?.split(',').some((one) => one.trim() === 'auth') ?? false;

const isAnswerable = ({ scheme, fields }: Challenge): boolean =>
  scheme === 'basic' || (scheme === 'digest' && isKnownAlgorithm(fields.algorithm));

/** Longer ones are not genuine: the longest in use hold a nonce of some hundred characters. */
const MAX_CHALLENGE_CHARACTERS = 8_192;
/** The tokens; each match begins where the last one ended, so that every character is read once. */
const SEPARATORS = /[\s,]*/y;
const NAME = /[\w-]+/y;
const VALUE = /\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;
const OTHER = /[^\s,]+/y;

/** One value may hold several challenges: a name without "=" begins the next. */
function parseChallenges(value: string): Challenge[] {
  const text = value.slice(0, MAX_CHALLENGE_CHARACTERS);
  const challenges: { readonly scheme: string; readonly fields: Record<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    take(SEPARATORS);
    const name = take(NAME)?.[0].toLowerCase();
    const field = name === undefined ? undefined : take(VALUE);
    if (name === undefined) take(OTHER);
    else if (!field) challenges.push({ scheme: name, fields: Object.create(null) as Record<string, string> });
    else {
      const current = challenges.at(-1);
      if (current) current.fields[name] ??= field[1]?.replaceAll(/\\(.)/g, '$1') ?? field[2] ?? '';
    }
  }
  return challenges;
}
