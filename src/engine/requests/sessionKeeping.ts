/** Keeps what a session has learnt outside of it, so that another process can go on with it where this one ends. */
export interface SessionKeeping {
  /** What was last kept of the session, with its `sessionId`, where it goes on here. Its audio begins at `sample`. */
  readonly from?: KeptSession | undefined;
  /** Called whenever all audio before some sample is in the events and in what was learnt. */
  readonly onSettled: (session: SettledSession) => void;
}

export interface KeptSession {
  /** On the clock of the stream, 16,000 a second. */
  readonly sample: number;
  /** Undefined where nothing was learnt yet. */
  readonly bytes: Uint8Array | undefined;
}

/** What a session has learnt by now: voices and their numbers, without names. Holds embeddings. */
export interface TakenState extends KeptSession {
  readonly revision: number;
}

export interface SettledSession {
  /**
   * Undefined while something is half done.
   *
   * @param knownRevision of the state that is kept already; `bytes` is undefined where that is still the same
   */
  take(knownRevision?: number): TakenState | undefined;
}
