/** Runs a statement of a transaction and returns its rows; `$1` stands for the first of `values`. */
export type Sql = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** In place of a tenant: rows of all tenants can be read and changed. */
export const ALL_TENANTS = '*';

export interface Transactions {
  /** See `Database.transaction`. */
  transaction<T>(tenantId: string, work: (sql: Sql) => Promise<T>): Promise<T>;
}
