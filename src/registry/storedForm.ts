import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { type VoiceprintRow, voiceprintRow } from './row.js';
import { type SealedBox, sealedBox } from './sealing.js';

/** Version written by this code. Raise it with a migration below whenever the stored form changes. */
export const STORE_VERSION = 1;
const STORE_FORMAT = 'voice-prints-store';

/** Rows by `rowKey`. A Map, and an array on disk: ids such as `__proto__` must be ordinary. */
export type Rows = Map<string, VoiceprintRow>;
/** Newline cannot occur in an id, so tenants cannot run into each other. */
export const rowKey = (tenantId: string, id: string): string => `${tenantId}\n${id}`;

const envelope = z.object({ format: z.literal(STORE_FORMAT), version: z.number().int().min(1) });
const sealedStore = envelope.extend({ sealed: sealedBox });
const plainStore = envelope.extend({ voiceprints: z.array(voiceprintRow) });

/** One step from version `from` to `from + 1` over the parsed body; pure. */
type Migration = (body: Record<string, unknown>) => Record<string, unknown>;
const MIGRATIONS: Readonly<Record<number, Migration>> = {};

/** What a store file holds, before decryption. */
export type StoreContent =
  | { readonly kind: 'plain'; readonly rows: Rows }
  | { readonly kind: 'sealed'; readonly box: SealedBox };

/** Reads the text of a store file. Throws REGISTRY_CORRUPT or REGISTRY_VERSION_NEWER; nothing is guessed or dropped. */
export function parseStore(text: string): StoreContent {
  const body = jsonOf(text);
  const parsed = envelope.safeParse(body);
  if (!parsed.success) throw corrupt(z.prettifyError(parsed.error));
  if ('sealed' in body) {
    if (parsed.data.version > STORE_VERSION) throw newer(parsed.data.version);
    const sealed = sealedStore.safeParse(body);
    if (!sealed.success) throw corrupt('the encryption header is incomplete');
    return { kind: 'sealed', box: sealed.data.sealed };
  }
  return { kind: 'plain', rows: parseRows(body) };
}

/** Reads the decrypted body of a sealed store. */
export function parseSealedBody(bytes: Buffer): Rows {
  return parseRows(jsonOf(bytes.toString('utf8')));
}

/** The body as it is written, sealed or not. Rows never change in place, so their text is made once. */
export function storeText(rows: Rows): string {
  const texts: string[] = [];
  for (const row of rows.values()) texts.push(textOfRow(row));
  return `{"format":"${STORE_FORMAT}","version":${STORE_VERSION},"voiceprints":[\n${texts.join(',\n')}\n]}\n`;
}

export function sealedStoreText(box: SealedBox): string {
  return `${JSON.stringify({ format: STORE_FORMAT, version: STORE_VERSION, sealed: box })}\n`;
}

/** Brings a body to the newest version step by step. Exported for its test. */
export function migrate(
  body: Record<string, unknown>,
  target: number = STORE_VERSION,
  steps: Readonly<Record<number, Migration>> = MIGRATIONS,
): Record<string, unknown> {
  let version = Number(body.version);
  if (version > target) throw newer(version);
  let migrated = body;
  for (; version < target; version += 1) {
    const step = steps[version];
    if (!step) throw corrupt(`there is no way from version ${version} to ${version + 1}`);
    migrated = { ...step(migrated), version: version + 1 };
  }
  return migrated;
}

const rowTexts = new WeakMap<VoiceprintRow, string>();
function textOfRow(row: VoiceprintRow): string {
  const known = rowTexts.get(row);
  if (known !== undefined) return known;
  const text = JSON.stringify(row);
  rowTexts.set(row, text);
  return text;
}

function parseRows(body: Record<string, unknown>): Rows {
  const head = envelope.safeParse(body);
  if (!head.success) throw corrupt(z.prettifyError(head.error));
  const parsed = plainStore.safeParse(migrate(body));
  // Not zod's own words here: they would quote names of people.
  if (!parsed.success) throw corrupt(`field ${parsed.error.issues[0]?.path.join('.') ?? '?'} is not as it should be`);
  return new Map(parsed.data.voiceprints.map((row) => [rowKey(row.tenantId, row.id), row]));
}

function jsonOf(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Without the cause: V8 quotes the text around the fault, and with it names.
    throw corrupt('it is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw corrupt('it is not a JSON object');
  return parsed as Record<string, unknown>;
}

const corrupt = (why: string) =>
  new VoicePrintsError(
    'REGISTRY_CORRUPT',
    `the stored voiceprints cannot be read: ${why}; restore the file from a backup, it was left as it is`,
  );

const newer = (version: number) =>
  new VoicePrintsError(
    'REGISTRY_VERSION_NEWER',
    `the store was written by a newer version of voice-prints (form ${version}, this one knows ${STORE_VERSION}); update voice-prints`,
    { details: { version, known: STORE_VERSION } },
  );
