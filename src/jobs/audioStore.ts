/** A stored recording. */
export interface StoredAudio {
  readonly audioId: string;
  readonly bytes: number;
  /** SHA-256 (hex) of the recording. */
  readonly sha256: string;
}

/** Storage of recordings whose jobs are pending. Biometric data: encrypted where the voiceprints are. */
export interface AudioStore {
  /** A resolved promise means: durable. Throws AUDIO_TOO_LARGE, and leaves nothing behind when it throws. */
  put(audio: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredAudio>;
  /** May be called repeatedly. Throws FILE_NOT_FOUND or REGISTRY_CORRUPT, at once or while it is read. */
  read(audioId: string): AsyncIterable<Uint8Array>;
  /** Erases a recording; does nothing where there is none. */
  delete(audioId: string): Promise<void>;
  /**
   * Erases all other recordings that are at least as old as `olderThanMs`, left by a process that ended. 0 only while nobody stores new
   * audio; where several processes do, longer than storing one and adding its job takes.
   */
  retain(audioIds: ReadonlySet<string>, olderThanMs: number): Promise<void>;
}
