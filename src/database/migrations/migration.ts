/** A step from one form of the tables to the next. Never changed once released. */
export interface Migration {
  /** Counted from 1, without gaps. */
  readonly version: number;
  /** What it brings, in a few words. */
  readonly name: string;
  readonly sql: string;
}
