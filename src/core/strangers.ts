/**
 * What is kept of the unknown voices of live streams, those that match no enrolled person. `none`: nothing but what the running stream
 * needs in memory to give a voice the same id twice. `session`: in memory while the session runs, so that it can be listed
 * and enrolled. `days=N`: in the store, encrypted as it is, for N days after it last spoke, so that it is recognised.
 */
export type Strangers = 'none' | 'session' | `days=${number}`;

/** `Strangers` taken apart. */
export type StrangersPolicy =
  | { readonly keeps: 'none' | 'session' }
  | { readonly keeps: 'days'; readonly days: number };

/** What is kept where no policy is given. */
export const DEFAULT_STRANGERS = 'session' satisfies Strangers;

const MAX_DAYS = 3_650;

/** What a text of `Strangers` says; undefined where it says nothing. `days=0` is `session`. */
export function strangersPolicyOf(text: string): StrangersPolicy | undefined {
  if (text === 'none' || text === 'session') return { keeps: text };
  const given = /^days=(\d{1,4}(?:\.\d+)?)$/.exec(text)?.[1];
  if (given === undefined || Number(given) > MAX_DAYS) return undefined;
  return Number(given) === 0 ? { keeps: 'session' } : { keeps: 'days', days: Number(given) };
}

/** The same as text. */
export const strangersOf = (policy: StrangersPolicy): Strangers =>
  policy.keeps === 'days' ? `days=${policy.days}` : policy.keeps;

const ORDER = ['none', 'session', 'days'] as const;

/** Whichever keeps less. */
export function stricter(a: StrangersPolicy, b: StrangersPolicy): StrangersPolicy {
  if (a.keeps === 'days' && b.keeps === 'days') return a.days <= b.days ? a : b;
  return ORDER.indexOf(a.keeps) <= ORDER.indexOf(b.keeps) ? a : b;
}
