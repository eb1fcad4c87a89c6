/** A table whose column `body` is sealed where the database has a key. A trigger `assert_sealed` refuses plain bodies there. */
export interface SealedTable {
  /** In the schema `voice_prints`. */
  readonly name: string;
  /** The primary key: its values are bound to the body, so that bodies cannot be exchanged. */
  readonly keys: readonly string[];
}

const sealedTable = (name: string, ...keys: readonly string[]): SealedTable => ({ name, keys });

export const PEOPLE = sealedTable('people', 'tenant_id', 'id');
export const SPEECH = sealedTable('speech', 'tenant_id', 'audio_id');
export const UNKNOWN_VOICES = sealedTable('unknown_voices', 'tenant_id', 'number');

/** All of them: what was stored before there was a key is sealed when a process brings one. */
export const SEALED_TABLES: readonly SealedTable[] = [PEOPLE, SPEECH, UNKNOWN_VOICES];
