/** Who asks for something: an API key, the command line, Node-RED. Never a name of a person. */
export interface Actor {
  /** `key:key-1a2b3c4d`, `command line`, `node-red`, or what the program calls itself. */
  readonly name: string;
  /** Of the call or the stream, where there is one. */
  readonly requestId?: string;
}

/** What is done to a voiceprint, or to the keys; `enrol unknown` makes one of an unknown voice, `re-embed` follows a change of model. */
export const AUDIT_ACTIONS = [
  'enrol',
  'enrol unknown',
  'forget unknown',
  'rename',
  'erase',
  'export',
  'import',
  're-embed',
  'create key',
  'rotate key',
  'revoke key',
  'limit tenant',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One thing done to one voiceprint or key, or tried: ids and codes only, no names, no audio, nothing of the voice. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly tenantId: string;
  readonly actor: string;
  readonly requestId?: string;
  readonly action: AuditAction;
  /** Null where no person is concerned (an unknown voice is forgotten, a key is made), or the id given is none. */
  readonly speakerId: string | null;
  /** `unknown-3`, where an unknown voice was named. */
  readonly unknownId?: string;
  /** The API key that was made, replaced or revoked. */
  readonly keyId?: string;
  /** `accepted`, `complete` or `rejected` of an enrolment; `done`; `absent` where there was nothing; `failed`. */
  readonly outcome: 'accepted' | 'complete' | 'rejected' | 'done' | 'absent' | 'failed';
  /** Error code of what failed. */
  readonly code?: string;
}

/** Where is kept who did what to which voiceprint or key. A resolved promise means: on disk. */
export interface AuditTrail {
  /** Adds entries after all others. Throws REGISTRY_UNAVAILABLE. */
  append(entries: readonly AuditEntry[]): Promise<void>;
}
