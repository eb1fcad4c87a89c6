import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { type SealedBox, sealedBox } from '../../sealing/sealing.js';

/** One migration of the parsed document from version `from` to `from + 1`; pure. */
type Migration = (document: Record<string, unknown>) => Record<string, unknown>;
export type Migrations = Readonly<Record<number, Migration>>;

/** What of a zod schema is used. */
export interface BodySchema<Body> {
  safeParse(
    document: unknown,
  ):
    | { readonly success: true; readonly data: Body }
    | { readonly success: false; readonly error: Pick<z.ZodError, 'issues'> };
}

/**
 * A schema of documents whose body is made of them. Not a transform of zod's: V8 learns to put objects of those into its old space,
 * where they keep alive whatever was read until all is collected. Where many documents are read, the old space grows to
 * more than twice the size.
 */
export const bodyFrom = <Document, Body>(
  schema: z.ZodType<Document>,
  bodyOf: (document: Document) => Body,
): BodySchema<Body> => ({
  safeParse(document) {
    const parsed = schema.safeParse(document);
    return parsed.success ? { success: true, data: bodyOf(parsed.data) } : parsed;
  },
});

/** Format of one kind of store file: a JSON document with `format` and `version`, whose body may be sealed. */
export interface StoredForm<Body> {
  readonly format: string;
  /** Version written by this code. Increase it, with a migration, whenever the format changes. */
  readonly version: number;
  readonly migrations: Migrations;
  /** Bound to the ciphertext: a box of one kind cannot be substituted for another. */
  readonly purpose: string;
  /** Name of the content in messages. */
  readonly noun: string;
  /** The document as written, and its body. */
  readonly schema: BodySchema<Body>;
  /** Text of the whole document. */
  readonly textOf: (body: Body) => string;
  readonly empty: () => Body;
  /** A copy that a step may change; the members of its collections are never changed in place. */
  readonly copyOf: (body: Body) => Body;
  readonly isSame: (a: Body, b: Body) => boolean;
}

/** The part of a form needed for reading and sealing. */
export type ReadableForm<Body> = Pick<
  StoredForm<Body>,
  'format' | 'version' | 'migrations' | 'purpose' | 'noun' | 'schema' | 'textOf'
>;

/** Content of a store file, before decryption. */
export type StoreContent<Body> =
  | { readonly kind: 'plain'; readonly body: Body }
  | { readonly kind: 'sealed'; readonly box: SealedBox };

const head = z.object({ format: z.string(), version: z.number().int().min(1) });
const sealedDocument = head.extend({ sealed: sealedBox });

/** Reads the text of a store file. Throws REGISTRY_CORRUPT or REGISTRY_VERSION_NEWER; nothing is guessed or discarded. */
export function parseStore<Body>(form: ReadableForm<Body>, text: string): StoreContent<Body> {
  const document = documentOf(form, text);
  const { version } = headOf(form, document);
  if (!('sealed' in document)) return { kind: 'plain', body: bodyOf(form, document) };
  if (version > form.version) throw newer(version, form.version);
  const sealed = sealedDocument.safeParse(document);
  if (!sealed.success) throw corrupt(form, 'the encryption header is incomplete');
  return { kind: 'sealed', box: sealed.data.sealed };
}

/** Reads the decrypted document of a sealed store. */
export function parseSealedBody<Body>(form: ReadableForm<Body>, bytes: Buffer): Body {
  return bodyOf(form, documentOf(form, bytes.toString('utf8')));
}

export function sealedStoreText<Body>({ format, version }: ReadableForm<Body>, box: SealedBox): string {
  return `${JSON.stringify({ format, version, sealed: box })}\n`;
}

/** Migrates a document to the form's version step by step. */
export function migrate<Body>(
  form: Pick<StoredForm<Body>, 'version' | 'migrations' | 'noun'>,
  document: Record<string, unknown>,
): Record<string, unknown> {
  let version = Number(document.version);
  if (version > form.version) throw newer(version, form.version);
  let migrated = document;
  for (; version < form.version; version += 1) {
    const step = form.migrations[version];
    if (!step) throw corrupt(form, `there is no migration from version ${version} to ${version + 1}`);
    migrated = { ...step(migrated), version: version + 1 };
  }
  return migrated;
}

function headOf<Body>(form: ReadableForm<Body>, document: Record<string, unknown>): z.output<typeof head> {
  const parsed = head.safeParse(document);
  if (parsed.success && parsed.data.format === form.format) return parsed.data;
  throw corrupt(form, `it is not a ${form.format} with a version`);
}

function bodyOf<Body>(form: ReadableForm<Body>, document: Record<string, unknown>): Body {
  headOf(form, document);
  const parsed = form.schema.safeParse(migrate(form, document));
  if (parsed.success) return parsed.data;
  // Not zod's message: it would quote names of people.
  throw corrupt(form, `field ${parsed.error.issues[0]?.path.join('.') ?? '?'} is invalid`);
}

function documentOf<Body>(form: ReadableForm<Body>, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Without the cause: V8 quotes the text around the fault, which may contain names.
    throw corrupt(form, 'it is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw corrupt(form, 'it is not a JSON object');
  return parsed as Record<string, unknown>;
}

const corrupt = ({ noun }: { readonly noun: string }, why: string) =>
  new VoicePrintsError(
    'REGISTRY_CORRUPT',
    `the stored ${noun} cannot be read: ${why}; restore it from a backup; the file was not changed`,
  );

const newer = (version: number, known: number) =>
  new VoicePrintsError(
    'REGISTRY_VERSION_NEWER',
    `the store was written by a newer version of voice-prints (form ${version}, this one knows ${known}); update voice-prints`,
    { details: { version, known } },
  );
