/**
 * Scopes of a key. `identify` includes its own jobs; `admin` includes erasing, renaming, the jobs of the whole tenant and
 * all lower scopes.
 */
export const SCOPES = ['enrol', 'identify', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** The caller: a tenant, by one of its keys or as a user whom a trusted gateway named. */
export interface Caller {
  readonly tenantId: string;
  /** Id of the key in lists and in the audit log; never the key itself. `ingress` where a gateway named the user. */
  readonly keyId: string;
  /** Id, never the name, of the user whom a trusted gateway named. */
  readonly user?: string;
  readonly scopes: readonly Scope[];
  /** Owner of the jobs it sees: its own id, or that of the first key that it replaced. */
  readonly ownerId: string;
}

/** Who the audit log says it was. */
export const actorOf = ({ keyId, user }: Caller): string => (user === undefined ? `key:${keyId}` : `user:${user}`);

/** Owner whose jobs a caller may see and cancel; undefined: all jobs of the tenant. */
export const visibleOwner = (caller: Caller): string | undefined =>
  mayDo(caller, 'admin') ? undefined : caller.ownerId;

export const mayDo = ({ scopes }: Caller, scope: Scope): boolean => scopes.includes(scope) || scopes.includes('admin');
