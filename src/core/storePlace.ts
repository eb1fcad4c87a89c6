/** Where a store is. */
export interface StorePlace {
  /** Folder of the store: all of it, or, beside a database, the models of this machine. */
  readonly storeDirectory: string;
  /** Address of the PostgreSQL database that holds all the rest, for many machines. Contains a password: never shown. */
  readonly databaseUrl?: string | undefined;
}
