import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import type { Voiceprint } from '../core/voiceprint.js';
import { EXPORT_ROUNDS, keyOfBox, newSealingKey, seal, sealedBox, unseal } from '../sealing/sealing.js';
import { fromRow, toRow, voiceprintRow } from './stored/row.js';

const EXPORT_FORMAT = 'voice-prints-export';
const EXPORT_VERSION = 1;
const PURPOSE = 'voice-prints export';

const head = z.object({ format: z.literal(EXPORT_FORMAT), version: z.number().int().min(1) });
const exportFile = head.extend({ sealed: sealedBox });
/** An export contains rows of one tenant; the importer chooses the tenant they are imported to. */
const body = z.object({ voiceprints: z.array(voiceprintRow) });

/** Voiceprints as one JSON document, all but its header under AES-256-GCM with a key from the passphrase by scrypt. */
export async function sealExport(voiceprints: readonly Voiceprint[], passphrase: string): Promise<Uint8Array> {
  const plain = Buffer.from(
    JSON.stringify({ voiceprints: voiceprints.map((voiceprint) => toRow(withoutAudio(voiceprint))) }),
    'utf8',
  );
  const sealed = seal(plain, await newSealingKey(passphrase, EXPORT_ROUNDS), PURPOSE);
  return Buffer.from(`${JSON.stringify({ format: EXPORT_FORMAT, version: EXPORT_VERSION, sealed })}\n`, 'utf8');
}

/** The voiceprints of an export. Throws REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER or REGISTRY_KEY_WRONG. */
export async function openExport(bytes: Uint8Array, passphrase: string): Promise<readonly Voiceprint[]> {
  const parsed = jsonOf(Buffer.from(bytes).toString('utf8'));
  const { data } = head.safeParse(parsed);
  if (!data) throw corrupt();
  if (data.version > EXPORT_VERSION) throw newer(data.version);
  const file = exportFile.safeParse(parsed);
  if (!file.success) throw corrupt();
  const { sealed } = file.data;
  const plain = unseal(sealed, await keyOfBox(passphrase, sealed), PURPOSE);
  const rows = body.safeParse(jsonOf(plain.toString('utf8')));
  if (!rows.success) throw corrupt();
  return rows.data.voiceprints.map((row) => withoutAudio(fromRow(row)));
}

/** Kept audio is never exported: an export neither contains nor refers to it. */
const withoutAudio = (voiceprint: Voiceprint): Voiceprint => ({
  ...voiceprint,
  exemplars: voiceprint.exemplars.map(({ audioId: _, ...exemplar }) => exemplar),
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw corrupt(); // without the cause: it would quote the data
  }
}

const corrupt = () =>
  new VoicePrintsError(
    'REGISTRY_CORRUPT',
    'this is not a complete export of voiceprints; use the file as it was exported',
  );

const newer = (version: number) =>
  new VoicePrintsError(
    'REGISTRY_VERSION_NEWER',
    `the export was made by a newer version of voice-prints (form ${version}, this one knows ${EXPORT_VERSION}); update voice-prints`,
    { details: { version, known: EXPORT_VERSION } },
  );
