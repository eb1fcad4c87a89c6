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
import { readTlsFiles } from '../live.js';
import { parseSpan, type ScheduleSpan } from './schedule.js';
import { isSipLine, parseSipLine, type SipLineOptions } from './sipLine.js';
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
  ca: text(1_024).optional().describe('PEM file: authorities of the certificate of a rtsps, https or sips source'),
  fingerprint: text(128).optional().describe('SHA-256 of the one certificate that is accepted'),
  certificate: text(1_024).optional().describe('PEM file: certificate of a sips line'),
  key: text(1_024).optional().describe('PEM file: private key of that certificate'),
  keyPasswordEnv: text(128).optional().describe('Environment variable that holds the password of the key'),
  keyPasswordFile: text(1_024).optional().describe('File whose first line is the password of the key'),
  clientCertificates: z.boolean().optional().describe('Who connects to a sips line has to show a certificate'),
  srtp: z.enum(['off', 'optional', 'required']).optional().describe('Encrypted audio of calls'),
  earlyMedia: z.boolean().optional().describe('Audio before a call of ours is answered counts, too'),
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
  const { trust, own } = await tlsOf(fields, place, fault);
  const calls = callsOf(fields);
  const kind = assertSource(given, { password: login?.password ?? '', trust, own, ...calls }, fault);
  if (calls && kind !== 'sip') throw fault('has clientCertificates, srtp or earlyMedia, which are for telephone calls');
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
      trust,
      own,
      calls,
      rawFormat,
      storeDirectory: store === undefined ? undefined : resolve(place.folder, store),
      speakerIds,
      falseAcceptPercent,
      schedule: fields.schedule,
    }),
  };
}

/** The kind of a source. Throws for one that cannot be opened from a file of sources. */
function assertSource(given: string, line: SipLineOptions, fault: (problem: string) => Error): string {
  try {
    if (isSipLine(given)) {
      parseSipLine(given, line);
      return 'sip';
    }
    const { kind } = parseLiveSource(given);
    if (line.own) throw fault('has a certificate, which is for lines over TLS (sips)');
    if (line.trust && kind !== 'rtsp' && kind !== 'http') throw fault('has ca or fingerprint, but no TLS');
    if (kind !== 'stdin') return kind;
  } catch (error) {
    if (!(error instanceof VoicePrintsError) || error.code === 'CONFIG_INVALID') throw error;
    throw fault(`has a source that cannot be read: ${error.message}`);
  }
  throw fault('reads standard input, which several sources cannot share; use watch');
}

type Fault = (problem: string) => Error;

async function loginOf({ user, passwordEnv, passwordFile }: SourceFields, place: Place, fault: Fault) {
  const password = await secretOf({ passwordEnv, passwordFile }, place, fault);
  return user === undefined && password === undefined ? undefined : { user: user ?? '', password: password ?? '' };
}

/** The secret that an environment variable or a file holds, the members named as in the file of sources. */
async function secretOf(
  places: Readonly<Record<string, string | undefined>>,
  { folder, env }: Place,
  fault: Fault,
): Promise<string | undefined> {
  const [[envMember, variable], [fileMember, path]] = Object.entries(places) as [[string, string], [string, string]];
  if (variable !== undefined && path !== undefined) throw fault(`has ${envMember} and ${fileMember}; give one`);
  if (path !== undefined) return firstLine(await contentOf(resolve(folder, path)));
  if (variable === undefined) return undefined;
  const secret = env[variable];
  if (secret === undefined) throw fault(`names an environment variable in ${envMember} that is not set`);
  return secret;
}

async function tlsOf(fields: SourceFields, place: Place, fault: Fault): Promise<Pick<SourceSpec, 'trust' | 'own'>> {
  const { ca, certificate, key, fingerprint, keyPasswordEnv, keyPasswordFile } = fields;
  const passphrase = await secretOf({ keyPasswordEnv, keyPasswordFile }, place, fault);
  const whole = (path: string | undefined) => path && resolve(place.folder, path);
  const files = { authorities: whole(ca), fingerprint, certificate: whole(certificate), key: whole(key), passphrase };
  try {
    return await readTlsFiles(files);
  } catch (thrown) {
    const isInvalid = thrown instanceof VoicePrintsError && thrown.code === 'CONFIG_INVALID';
    throw isInvalid ? fault(`has certificates that cannot be used: ${thrown.message}`) : thrown;
  }
}

function callsOf({ clientCertificates, srtp, earlyMedia }: SourceFields): SourceSpec['calls'] {
  const calls = present({ isClientCertificateRequired: clientCertificates, srtp, hearsEarly: earlyMedia });
  return Object.keys(calls).length > 0 ? calls : undefined;
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
