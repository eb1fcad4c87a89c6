import { z } from 'zod';
import { type VoiceprintRow, voiceprintRow } from './row.js';
import { bodyFrom, parseSealedBody, type ReadableForm } from './storedForm.js';

const FORMAT = 'voice-prints-person';
const VERSION = 1;

/** One voiceprint as a database has it. */
const PERSON_FORM: ReadableForm<VoiceprintRow> = {
  format: FORMAT,
  version: VERSION,
  migrations: {},
  purpose: FORMAT,
  noun: 'voiceprint',
  schema: bodyFrom(z.object({ voiceprint: voiceprintRow }), ({ voiceprint }) => voiceprint),
  textOf: (voiceprint) => JSON.stringify({ format: FORMAT, version: VERSION, voiceprint }),
};

export const personBytes = (row: VoiceprintRow): Buffer => Buffer.from(PERSON_FORM.textOf(row), 'utf8');

/** Throws REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER. */
export const personOf = (bytes: Buffer): VoiceprintRow => parseSealedBody(PERSON_FORM, bytes);
