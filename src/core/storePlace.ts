/** Where a store is. */
export interface StorePlace {
  /** Folder of the store: all of it, or, beside a database, the models of this machine. */
  readonly storeDirectory: string;
  /** Address of the PostgreSQL database that holds all the rest, for many machines. Contains a password: never shown. */
  readonly databaseUrl?: string | undefined;
  /** Where the audio of jobs waits beside a database: `file:///folder` or `s3://bucket/prefix`. Undefined: in the folder of the store. */
  readonly audioUrl?: string | undefined;
}

/** A place, or the folder of a store without a database. */
export const storePlaceOf = (place: StorePlace | string): StorePlace =>
  typeof place === 'string' ? { storeDirectory: place } : place;
