/** What a key may be used for. `admin` includes erasing, renaming, jobs of the whole tenant and everything below it. */
export const SCOPES = ['enrol', 'identify', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Who calls: a tenant, by one of its keys. */
export interface Caller {
  readonly tenantId: string;
  /** Names the key in lists and in the audit log; never the key itself. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

export const mayDo = ({ scopes }: Caller, scope: Scope): boolean => scopes.includes(scope) || scopes.includes('admin');
