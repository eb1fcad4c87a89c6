/** A recording that was taken in. */
export interface StoredAudio {
  readonly audioId: string;
  readonly bytes: number;
  /** SHA-256 (hex) of the recording. */
  readonly sha256: string;
}

/** Where recordings wait for their jobs. It is biometric: encrypted wherever the voiceprints are. */
export interface AudioStore {
  /** Resolved means: durable. Throws AUDIO_TOO_LARGE, and leaves nothing behind when it throws. */
  put(audio: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredAudio>;
  /** As often as needed. Throws, at once or while it is read, FILE_NOT_FOUND or REGISTRY_CORRUPT. */
  read(audioId: string): AsyncIterable<Uint8Array>;
  /** Erases; what is not there is fine. */
  delete(audioId: string): Promise<void>;
  /** Erases everything else, left by a process that was killed. Only before new audio comes in. */
  retain(audioIds: ReadonlySet<string>): Promise<void>;
}
