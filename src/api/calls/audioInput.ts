import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { RecordingSource } from '../../core/recording.js';
import type { JobSource } from '../../engine/jobs/jobs.js';
import { httpRefusal } from '../refusals/refusal.js';
import { decodeBase64 } from './base64.js';
import type { ApiRequest, Call } from './call.js';
import { fetchAudio } from './fetchAudio.js';
import { type Form, readForm } from './formBody.js';
import { assertFewValues } from './jsonShape.js';
import { type DeclaredFormat, formatOfContentType, rawFormatOf } from './rawFormat.js';
import { HeldPieces, receiveBody } from './receiveBody.js';
import { parseInput } from './schemas.js';

/** Content types whose body is the audio itself; everything else is read as JSON, since old clients omit the header. */
const RAW_BODY = /^(audio\/|video\/|application\/(octet-stream|ogg)\b)/i;

type Carried = DeclaredFormat & { readonly content?: string | undefined; readonly url?: string | undefined };

/**
 * The fields of a call with audio, and the complete audio: inside the JSON, at its `url`, in a form, or as the body itself.
 * The call holds a processing slot from then on.
 */
export async function readAudioInput<B extends z.ZodType<Carried>, Q extends z.ZodType<DeclaredFormat>>(
  call: Call,
  bodySchema: B,
  querySchema: Q,
): Promise<{ readonly fields: z.output<B> | z.output<Q>; readonly source: RecordingSource }> {
  const { fields, source } = await readCarriedAudio(call, bodySchema, querySchema);
  const here = source.kind === 'url' ? await fetched(call, source.url, fields) : source;
  call.startWork();
  return { fields, source: here };
}

/** Fetched completely before a processing slot is reserved: the remote server may be as slow as any client. */
async function fetched(call: Call, url: string, fields: DeclaredFormat): Promise<RecordingSource> {
  const held = new HeldPieces(call);
  for await (const piece of await fetchAudio(url, call.surface.fetch, call.signal)) held.add(piece);
  return { kind: 'bytes', bytes: held.whole(), label: 'url', ...aboutSource(fields) };
}

/** The same, with a `url` kept as it is, to be fetched later. */
export async function readCarriedAudio<B extends z.ZodType<Carried>, Q extends z.ZodType<DeclaredFormat>>(
  call: Call,
  bodySchema: B,
  querySchema: Q,
): Promise<{ readonly fields: z.output<B> | z.output<Q>; readonly source: JobSource }> {
  const contentType = call.request.headers['content-type'] ?? '';
  if (RAW_BODY.test(contentType)) {
    const fields = parseInput(querySchema, { ...formatOfContentType(contentType), ...call.query });
    return { fields, source: { kind: 'bytes', bytes: await rawBody(call), label: 'body', ...aboutSource(fields) } };
  }
  const form = isUnreadForm(call, contentType) ? await receivedForm(call) : undefined;
  if (form?.file) {
    const { bytes, contentType: partType } = form.file;
    const given = { ...formatOfContentType(partType), ...call.query, ...form.fields };
    assertOneSource(form.fields);
    const fields = parseInput(querySchema, given);
    return { fields, source: { kind: 'bytes', bytes, label: 'body', ...aboutSource(fields) } };
  }
  const given = form ? { ...call.query, ...form.fields } : await readJson(call, call.surface.limits.maxBodyBytes);
  const fields = parseInput(bodySchema, given);
  const source = { ...carriedSource(fields), ...aboutSource(fields) };
  // The text of the audio, a third larger than the audio, is not kept while the engine works.
  call.request.body = undefined;
  return { fields: { ...fields, content: undefined }, source };
}

/** A form that no body parser of the surrounding application has read. */
const isUnreadForm = ({ request }: Call, contentType: string): boolean =>
  /^multipart\/form-data\b/i.test(contentType) && parsedBefore(request) === undefined;

function assertOneSource({ content, url }: Readonly<Record<string, string>>): void {
  if (!content && !url) return;
  throw new VoicePrintsError('INPUT_INVALID', 'a file was given, and content or url too; give exactly one of them');
}

/** Calls without audio have small bodies. */
const SMALL_BODY_BYTES = 64 * 1024;

/** The JSON object of a call without audio. */
export const readSmallJson = (call: Call): Promise<unknown> => readJson(call, SMALL_BODY_BYTES);

/** The JSON object of a call: parsed here, or by a body parser of the surrounding application. */
async function readJson(call: Call, maxBytes: number): Promise<unknown> {
  const { request } = call;
  const parsed = parsedBefore(request);
  if (Buffer.isBuffer(parsed) || typeof parsed === 'string') return parseJson(Buffer.from(parsed));
  if (parsed !== undefined) return parsed;
  const contentType = request.headers['content-type'] ?? '';
  if (/^multipart\//i.test(contentType)) {
    throw httpRefusal('BODY_TYPE_UNSUPPORTED', 'multipart bodies other than forms with audio are not read; send JSON');
  }
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw httpRefusal('BODY_TYPE_UNSUPPORTED', 'the body has an unsupported charset; send UTF-8');
  }
  return parseJson(await receiveBody(call, maxBytes));
}

/** The body as parsed by the surrounding application. Parsers of Express 4 set `{}` also where they did not read it. */
const parsedBefore = (request: ApiRequest): unknown => (request.readableDidRead ? request.body : undefined);

/** Also for audio sent with the content type that curl gives by default. */
const NOT_JSON =
  'the body is not JSON; send a JSON object, or audio with its content type, such as audio/wav or application/octet-stream';

/** Some clients write it before UTF-8. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function parseJson(body: Buffer): unknown {
  const bytes = body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? body.subarray(3) : body;
  if (bytes[0] !== 0x7b && !isUtf8(bytes)) throw new VoicePrintsError('INPUT_INVALID', NOT_JSON);
  const begin = bytes.toString('latin1', 0, 64).trimStart().charAt(0);
  if ('{["'.includes(begin)) assertFewValues(bytes); // nothing else holds values; a form of 60 MB is refused by the parser
  const text = bytes.toString();
  if (text.trim() === '') return {}; // old clients omit it
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: JSON.parse quotes its input in the message.
    throw new VoicePrintsError('INPUT_INVALID', NOT_JSON);
  }
}

function aboutSource(declared: DeclaredFormat): Pick<RecordingSource, 'rawFormat' | 'track' | 'channel'> {
  const { track, channel } = declared;
  return present({ rawFormat: rawFormatOf(declared), track, channel });
}

/** The audio that is the body: read here, or by a body parser of the surrounding application. */
async function rawBody(call: Call): Promise<Buffer> {
  const parsed = parsedBefore(call.request);
  return Buffer.isBuffer(parsed) ? parsed : receiveBody(call, call.surface.limits.maxBodyBytes);
}

async function receivedForm(call: Call): Promise<Form> {
  return readForm(await receiveBody(call, call.surface.limits.maxBodyBytes), call.request.headers);
}

function carriedSource({ content, url }: Carried): JobSource {
  if (content === undefined && url === undefined) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      'no audio was given; give content (base64) or url, a file in a form, or the audio as the body with its content type',
    );
  }
  if (content !== undefined && url !== undefined) {
    throw new VoicePrintsError('INPUT_INVALID', 'content and url were both given; give exactly one of them');
  }
  if (content !== undefined) return { kind: 'bytes', bytes: decodeBase64(content), label: 'content' };
  return { kind: 'url', url: url! };
}
