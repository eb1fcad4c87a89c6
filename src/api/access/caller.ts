/**
 * What a key may be used for. `identify` includes jobs, and sees those of its own; `admin` includes erasing, renaming, jobs of
 * the whole tenant and everything below it.
 */
export const SCOPES = ['enrol', 'identify', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Who calls: a tenant, by one of its keys. */
export interface Caller {
  readonly tenantId: string;
  /** Names the key in lists and in the audit log; never the key itself. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** Whose jobs it sees: its own id, or that of the first key it took the place of. */
  readonly ownerId: string;
}

/** The owner whose jobs a caller may see and end; undefined: everybody's of the tenant. */
export const visibleOwner = (caller: Caller): string | undefined =>
  mayDo(caller, 'admin') ? undefined : caller.ownerId;

export const mayDo = ({ scopes }: Caller, scope: Scope): boolean => scopes.includes(scope) || scopes.includes('admin');
