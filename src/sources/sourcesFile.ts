import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { inputProblems } from '../core/inputProblems.js';
import { parseLiveSource } from '../core/parseLiveSource.js';
import { present } from '../core/present.js';
import { isTopicName } from '../events/index.js';
import { FALSE_ACCEPT_PERCENTS, RAW_ENCODINGS } from '../index.js';
import { parseSpan, type ScheduleSpan } from './schedule.js';
import { parseSipLine } from './sipLine.js';
import type { SourceSpec } from './sourceSpec.js';

const MAX_FILE_BYTES = 256 * 1024;
const MAX_SOURCES = 64;

const text = (most: number) => z.string().trim().min(1).max(most);

const span = z
  .string()
  .max(64)
  .transform((line, context): ScheduleSpan => {
    const parsed = parseSpan(line);
    if (parsed) return parsed;
    context.issues.push({
      code: 'custom',
      input: line,
      message: 'must be like "Mon-Fri 07:00-19:00" or "22:00-06:00"',
    });
    return z.NEVER;
  });

const source = z.strictObject({
  source: text(2_048).describe('As for watch: rtsp://…, http(s)://…, rtp://…, udp://…, mic:, sip:… or a file'),
  site: text(128).refine(isTopicName, 'must be a level of an MQTT topic, and not reserved').optional(),
  user: text(256).optional(),
  passwordEnv: text(128).optional().describe('Environment variable that holds the password'),
  passwordFile: text(1_024).optional().describe('File whose first line is the password'),
  store: text(1_024).optional().describe('Folder of the voiceprints; that of serve by default'),
  speakers: z.array(text(128)).min(1).max(1_000).optional().describe('Only these ids'),
  falseAccept: z.literal(FALSE_ACCEPT_PERCENTS).optional(),
  schedule: z.array(span).min(1).max(32).optional().describe('When it is on, in local time; always by default'),
  loop: z.boolean().default(false).describe('A file begins again at its end'),
  encoding: z.enum(RAW_ENCODINGS as unknown as [string, ...string[]]).optional(),
  rate: z.number().int().min(1_000).max(768_000).optional(),
  channels: z.number().int().min(1).max(64).optional(),
});
type SourceFields = z.output<typeof source>;

const file = z.strictObject({
  sources: z
    .record(z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be letters, digits, _ and -'), source)
    .refine((all) => Object.keys(all).length <= MAX_SOURCES, `must have at most ${MAX_SOURCES} sources`),
});

/**
 * The sources of a YAML (or JSON) file. Throws FILE_NOT_FOUND, FILE_UNREADABLE, and CONFIG_INVALID for what it says: with the
 * line or the members, never with values, which may be passwords.
 */
export async function readSources(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SourceSpec[]> {
  const value = yamlOf(path, await contentOf(path));
  const isEmpty = (value ?? undefined) === undefined || (value as { sources?: unknown }).sources === null;
  if (isEmpty) throw invalid(path, 'names no sources yet: it needs "sources:" and below it an id with its source');
  const parsed = file.safeParse(value);
  if (!parsed.success) throw invalid(path, inputProblems(parsed.error), parsed.error);
  const folder = dirname(resolve(path));
  return Promise.all(
    Object.entries(parsed.data.sources).map(([id, fields]) => specOf(id, fields, { path, folder, env })),
  );
}

interface Place {
  readonly path: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

async function specOf(id: string, fields: SourceFields, place: Place): Promise<SourceSpec> {
  const { site = id, source: given, store, speakers: speakerIds, falseAccept: falseAcceptPercent } = fields;
  const fault = (problem: string) => invalid(place.path, `sources.${id} ${problem}`);
  if (!isTopicName(site)) throw fault('has an id that is reserved as a site; give it a site');
  const login = await loginOf(fields, place, fault);
  const kind = assertSource(given, login, fault);
  const isFile = kind === 'file';
  const rawFormat = rawFormatOf(fields, fault);
  if (rawFormat && !isFile && kind !== 'udp')
    throw fault('has an encoding, which is for headerless samples of files and UDP');
  if (fields.loop && !isFile) throw fault('has loop, which is for files only');
  return {
    id,
    site,
    source: isFile && !given.startsWith('file:') ? resolve(place.folder, given) : given,
    isLooped: fields.loop,
    ...present({
      login,
      rawFormat,
      storeDirectory: store === undefined ? undefined : resolve(place.folder, store),
      speakerIds,
      falseAcceptPercent,
      schedule: fields.schedule,
    }),
  };
}

/** The kind of a source. Throws for one that cannot be opened from a file of sources. */
function assertSource(given: string, login: SourceSpec['login'], fault: (problem: string) => Error): string {
  try {
    if (/^sip:/i.test(given)) {
      parseSipLine(given, login?.password ?? '');
      return 'sip';
    }
    const { kind } = parseLiveSource(given);
    if (kind !== 'stdin') return kind;
  } catch (error) {
    throw error instanceof VoicePrintsError ? fault(`has a source that cannot be read: ${error.message}`) : error;
  }
  throw fault('reads standard input, which several sources cannot share; use watch');
}

async function loginOf(
  { user, passwordEnv, passwordFile }: SourceFields,
  { folder, env }: Place,
  fault: (problem: string) => Error,
): Promise<SourceSpec['login']> {
  if (passwordEnv !== undefined && passwordFile !== undefined) {
    throw fault('has passwordEnv and passwordFile; give one');
  }
  let password: string | undefined;
  if (passwordEnv !== undefined) {
    password = env[passwordEnv];
    if (password === undefined) throw fault('names an environment variable in passwordEnv that is not set');
  }
  if (passwordFile !== undefined) password = firstLine(await contentOf(resolve(folder, passwordFile)));
  return user === undefined && password === undefined ? undefined : { user: user ?? '', password: password ?? '' };
}

function rawFormatOf({ encoding, rate, channels }: SourceFields, fault: (problem: string) => Error) {
  if (encoding === undefined) {
    if (rate !== undefined || channels !== undefined) throw fault('has rate or channels without encoding');
    return undefined;
  }
  const known = RAW_ENCODINGS.find((one) => one === encoding)!;
  return {
    encoding: known,
    sampleRateHz: rate ?? (known === 'mulaw' || known === 'alaw' ? 8_000 : 16_000),
    channels: channels ?? 1,
  };
}

const firstLine = (content: string): string => content.split(/\r?\n/, 1)[0]!;

async function contentOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw invalid(path, `is larger than ${MAX_FILE_BYTES / 1024} kB`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof VoicePrintsError) throw cause;
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new VoicePrintsError(
      isAbsent ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      `${path} ${isAbsent ? 'does not exist; check the path' : 'cannot be read; check its permissions'}`,
      { cause },
    );
  }
}

function yamlOf(path: string, content: string): unknown {
  try {
    return parse(content, { maxAliasCount: 100, logLevel: 'error' });
  } catch (cause) {
    const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined;
    // Its message quotes the line, which may hold a password.
    const isBareColon = cause instanceof YAMLParseError && BARE_COLON.includes(cause.code);
    const hint = isBareColon ? '; a value that ends with a colon, or has one before a space, needs quotes: "mic:"' : '';
    throw invalid(path, at ? `is not YAML at line ${at.line}, column ${at.col}${hint}` : 'is not YAML');
  }
}

/** What the parser says of `source: mic:`. */
const BARE_COLON: readonly string[] = ['BLOCK_AS_IMPLICIT_KEY', 'BLOCK_IN_FLOW'];

const invalid = (path: string, problem: string, cause?: unknown): VoicePrintsError =>
  new VoicePrintsError('CONFIG_INVALID', `${path}: ${problem}; correct it`, { cause });
