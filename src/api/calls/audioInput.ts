import express from 'express';
import type { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import type { RecordingSource } from '../../core/recording.js';
import type { JobSource } from '../../engine/jobs/jobs.js';
import { bodyTooLarge, httpRefusal } from '../refusals/refusal.js';
import { decodeBase64 } from './base64.js';
import type { ApiRequest, Call } from './call.js';
import { fetchAudio } from './fetchAudio.js';
import { readForm } from './formBody.js';
import { type DeclaredFormat, formatOfContentType, rawFormatOf } from './rawFormat.js';
import { parseInput } from './schemas.js';

/** Content types whose body is the audio itself; everything else is read as JSON, as old clients forget the header. */
const RAW_BODY = /^(audio\/|video\/|application\/(octet-stream|ogg)\b)/i;

type Carried = DeclaredFormat & { readonly content?: string | undefined; readonly url?: string | undefined };

/** The fields of a call with audio, and the audio: inside the JSON, behind its `url`, in a form, or as the body itself. */
export async function readAudioInput<B extends z.ZodType<Carried>, Q extends z.ZodType<DeclaredFormat>>(
  call: Call,
  bodySchema: B,
  querySchema: Q,
): Promise<{ readonly fields: z.output<B> | z.output<Q>; readonly source: RecordingSource }> {
  const { fields, source } = await readCarriedAudio(call, bodySchema, querySchema);
  if (source.kind !== 'url') return { fields, source };
  const stream = await fetchAudio(source.url, call.surface.fetch, call.signal);
  return { fields, source: { kind: 'stream', stream, label: 'url', ...rawFormat(fields) } };
}

/** The same, with a `url` left as it is, for whoever fetches it later. */
export async function readCarriedAudio<B extends z.ZodType<Carried>, Q extends z.ZodType<DeclaredFormat>>(
  call: Call,
  bodySchema: B,
  querySchema: Q,
): Promise<{ readonly fields: z.output<B> | z.output<Q>; readonly source: JobSource }> {
  const contentType = call.request.headers['content-type'] ?? '';
  assertFits(call);
  if (RAW_BODY.test(contentType)) {
    const fields = parseInput(querySchema, { ...formatOfContentType(contentType), ...call.query });
    return { fields, source: { ...bodySource(call), label: 'body', ...rawFormat(fields) } };
  }
  const form = isUnreadForm(call, contentType) ? await readForm(call) : undefined;
  if (form?.file) {
    const { bytes, contentType: partType } = form.file;
    const given = { ...formatOfContentType(partType), ...call.query, ...form.fields };
    assertOneSource(form.fields);
    const fields = parseInput(querySchema, given);
    return { fields, source: { kind: 'bytes', bytes, label: 'body', ...rawFormat(fields) } };
  }
  const given = form ? { ...call.query, ...form.fields } : await readJson(call, call.surface.limits.maxBodyBytes);
  const fields = parseInput(bodySchema, given);
  const source = { ...carriedSource(fields), ...rawFormat(fields) };
  // The text of the audio, a third larger than the audio, is not kept while the engine works.
  call.request.body = undefined;
  return { fields: { ...fields, content: undefined }, source };
}

/** A form that no parser of the application around us has read. */
const isUnreadForm = ({ request }: Call, contentType: string): boolean =>
  /^multipart\/form-data\b/i.test(contentType) && parsedBefore(request) === undefined;

function assertOneSource({ content, url }: Readonly<Record<string, string>>): void {
  if (!content && !url) return;
  throw new VoicePrintsError('INPUT_INVALID', 'a file and content or url given; give exactly one of them');
}

/** Calls without audio have small bodies. */
const SMALL_BODY_BYTES = 64 * 1024;

/** The JSON object of a call without audio. */
export const readSmallJson = (call: Call): Promise<unknown> => readJson(call, SMALL_BODY_BYTES);

/** The JSON object of a call: parsed by us, or by a parser of the application around us. */
async function readJson({ request, response, signal }: Call, maxBytes: number): Promise<unknown> {
  const parsed = parsedBefore(request);
  if (Buffer.isBuffer(parsed) || typeof parsed === 'string') return parseJsonText(parsed.toString());
  if (parsed !== undefined) return parsed;
  const contentType = request.headers['content-type'] ?? '';
  if (/^multipart\//i.test(contentType)) {
    throw httpRefusal('BODY_TYPE_UNSUPPORTED', 'multipart bodies other than forms with audio are not read; send JSON');
  }
  const parse = express.json({ limit: maxBytes, type: () => true });
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    parse(request as express.Request, response as express.Response, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(asRefusal(error, maxBytes));
    });
  });
  return request.body;
}

/** What a parser around us made of the body. Express 4's set `{}` also where they left it unread. */
const parsedBefore = (request: ApiRequest): unknown => (request.readableDidRead ? request.body : undefined);

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson(); // JSON.parse quotes its input in the message, which may be anything
  }
}

const notJson = () =>
  new VoicePrintsError('INPUT_INVALID', 'the body is not JSON; send a JSON object or the audio itself');

function asRefusal(error: unknown, maxBytes: number): Error {
  const status = (error as { status?: number }).status;
  if (status === 413) return bodyTooLarge(maxBytes);
  if (status === 415) {
    return httpRefusal('BODY_TYPE_UNSUPPORTED', 'the body has a foreign charset or encoding; send UTF-8');
  }
  return status !== undefined && status < 500 ? notJson() : (error as Error);
}

function assertFits({ request, surface }: Call): void {
  const { maxBodyBytes } = surface.limits;
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
}

function rawFormat(declared: DeclaredFormat): Pick<RecordingSource, 'rawFormat'> {
  const format = rawFormatOf(declared);
  return format === undefined ? {} : { rawFormat: format };
}

function bodySource({ request, surface }: Call): RecordingSource {
  const parsed = parsedBefore(request);
  if (Buffer.isBuffer(parsed)) return { kind: 'bytes', bytes: parsed };
  return { kind: 'stream', stream: capped(request, surface.limits.maxBodyBytes) };
}

/** The body as a stream. Leaving it early keeps the connection, which still has to carry the answer. */
async function* capped(request: ApiRequest, maxBytes: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    received += piece.length;
    if (received > maxBytes)
      throw new VoicePrintsError('AUDIO_TOO_LARGE', `the audio is larger than ${maxBytes} bytes; send less`);
    yield piece;
  }
}

function carriedSource({ content, url }: Carried): JobSource {
  if ((content === undefined) === (url === undefined)) {
    const found = content === undefined ? 'neither' : 'both';
    throw new VoicePrintsError('INPUT_INVALID', `${found} of content and url given; give exactly one of them`);
  }
  if (content !== undefined) return { kind: 'bytes', bytes: decodeBase64(content), label: 'content' };
  return { kind: 'url', url: url! };
}
