/** Who requests an operation: an API key, a user of a trusted ingress, the command line, Node-RED. Never the name of a person. */
export interface Actor {
  /** `key:key-1a2b3c4d`, `user:3f5c…` (an id), `command line`, `node-red`, or the name a program chose for itself. */
  readonly name: string;
  /** Id of the call or stream, if there is one. */
  readonly requestId?: string;
}

/**
 * Operations on voiceprints and keys; `enrol unknown` enrols an unknown voice, `re-embed` follows a change of model, `feedback` is what
 * a person said of a turn.
 */
export const AUDIT_ACTIONS = [
  'enrol',
  'enrol unknown',
  'forget unknown',
  'rename',
  'erase',
  'export',
  'import',
  're-embed',
  'feedback',
  'undo feedback',
  'merge',
  'split',
  'remove sample',
  'create key',
  'rotate key',
  'revoke key',
  'limit tenant',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One operation, successful or not, on one voiceprint or key: ids and codes only, no names, audio or embeddings. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly tenantId: string;
  readonly actor: string;
  readonly requestId?: string;
  readonly action: AuditAction;
  /** Null where no person is concerned (an unknown voice is forgotten, a key is created), or the given id is invalid. */
  readonly speakerId: string | null;
  /** `unknown-3`, where an unknown voice was named. */
  readonly unknownId?: string;
  /** The API key that was created, replaced or revoked. */
  readonly keyId?: string;
  /** `accepted`, `complete` or `rejected` of an enrolment; `done`; `absent` where there was nothing to change; `failed`. */
  readonly outcome: 'accepted' | 'complete' | 'rejected' | 'done' | 'absent' | 'failed';
  /** Error code of what failed. */
  readonly code?: string;
}

/** Record of who did what to which voiceprint or key. A resolved promise means: on disk. */
export interface AuditTrail {
  /** Appends entries. Throws REGISTRY_UNAVAILABLE. */
  append(entries: readonly AuditEntry[]): Promise<void>;
}
