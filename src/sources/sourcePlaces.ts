/** What a process may know of a source that several processes share. */
export interface SourceClaim {
  readonly name: string;
  /** Claims of one group go to one process, where that is possible. */
  group: string;
  /** What other processes may know of the source while this one listens; no names of people. */
  report: object | undefined;
  /** Fencing token while this process may listen, else undefined: greater for each later holder. Ends by itself. */
  readonly token: number | undefined;
  /** Whether another process listens. */
  readonly isElsewhere: boolean;
  /** Whether this process would listen. */
  want(isWanted: boolean): void;
  /** Only once it has stopped listening. */
  giveBack(): void;
}

/** Decides which of the processes that share sources listens to each. */
export interface SourcePlaces {
  /** The sources of a site are a group: one process knows who is present there. */
  claim(source: { readonly name: string; readonly group: string }, onChange: () => void): SourceClaim;
  /** The source is not in the file any more, and not listened to. */
  drop(claim: SourceClaim): void;
}
