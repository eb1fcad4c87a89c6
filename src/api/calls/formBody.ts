import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { VoicePrintsError } from '../../core/errors.js';
import { bodyTooLarge } from '../refusals/refusal.js';
import type { Call } from './call.js';

/** A form: its one file, whatever field that is in, and the other fields as text. */
export interface Form {
  readonly file: { readonly bytes: Buffer; readonly contentType: string } | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

/** More than any call has. */
const MAX_FIELDS = 64;

const formInvalid = (what: string) => new VoicePrintsError('INPUT_INVALID', what);
const notForm = () => formInvalid('the body is not the form its header says; send multipart/form-data whole');

/** A part is the recording if it has a file name or says that it is audio; some clients leave the name out. */
const isFile = (_field: string | undefined, contentType: string | undefined, fileName: string | undefined) =>
  fileName !== undefined || /^(audio\/|video\/|application\/(octet-stream|ogg)\b)/i.test(contentType ?? '');

/**
 * The form in the body of a call. It is held whole, since fields may come after the file.
 * Throws INPUT_INVALID and BODY_TOO_LARGE, and what the call was aborted with.
 */
export async function readForm({ request, signal, surface }: Call): Promise<Form> {
  const { maxBodyBytes } = surface.limits;
  const parser = openParser(request.headers as BusboyHeaders, maxBodyBytes);
  let received = 0;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const count = (piece: Buffer) => {
    received += piece.length;
    if (received > maxBodyBytes) fail(bodyTooLarge(maxBodyBytes));
  };
  const onAbort = () => fail(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  request.on('data', count);
  try {
    const form = collect(parser, fail);
    request.pipe(parser);
    return await Promise.race([form, failed]);
  } finally {
    request.unpipe(parser);
    request.off('data', count);
    signal.removeEventListener('abort', onAbort);
  }
}

function openParser(headers: BusboyHeaders, maxBytes: number): BusboyInstance {
  // One byte more than may come at all: sizes are counted on the whole body, and nothing is cut silently.
  const limits = { files: 1, fields: MAX_FIELDS, fieldSize: maxBytes + 1, fileSize: maxBytes + 1, headerPairs: 32 };
  try {
    return new Busboy({ headers, limits, isPartAFile: isFile });
  } catch {
    throw notForm(); // no boundary
  }
}

/** What the parser finds, once it has all of it. */
function collect(parser: BusboyInstance, fail: (error: Error) => void): Promise<Form> {
  const fields = new Map<string, string>();
  const pieces: Buffer[] = [];
  let contentType: string | undefined;
  parser.on('file', (_field, stream, _fileName, _encoding, partType) => {
    contentType = partType;
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', () => fail(notForm()));
  });
  parser.on('field', (name, value) => {
    if (fields.has(name)) fail(formInvalid('a field of the form is given twice; give each once, lists with commas'));
    fields.set(name, value);
  });
  parser.on('filesLimit', () => fail(formInvalid('the form has more than one file; send one recording a call')));
  parser.on('fieldsLimit', () => fail(formInvalid(`the form has more than ${MAX_FIELDS} fields; send fewer`)));
  parser.on('error', () => fail(notForm()));
  return new Promise((resolve) => {
    parser.on('finish', () => {
      const file = contentType === undefined ? undefined : { bytes: Buffer.concat(pieces), contentType };
      resolve({ file, fields: Object.fromEntries(fields) });
    });
  });
}
