import type { IncomingHttpHeaders } from 'node:http';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import { addField } from './schemas.js';

/** A form: its one file, in any field, and the other fields as text. */
export interface Form {
  readonly file: { readonly bytes: Buffer; readonly contentType: string } | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

/** More than any call has. */
const MAX_FIELDS = 64;

const formInvalid = (what: string) => new VoicePrintsError('INPUT_INVALID', what);
const notForm = () =>
  formInvalid('the body is not the form that its header announces; send a complete multipart/form-data body');

/** A part is the recording if it has a file name or an audio content type; some clients omit the name. */
const isFile = (_field: string | undefined, contentType: string | undefined, fileName: string | undefined) =>
  fileName !== undefined || /^(audio\/|video\/|application\/(octet-stream|ogg)\b)/i.test(contentType ?? '');

/** Bytes parsed before yielding to the event loop: a form with very many parts takes long to parse. */
const PIECE_BYTES = 256 * 1024;

/** The form in a body. Throws INPUT_INVALID. */
export async function readForm(body: Buffer, headers: IncomingHttpHeaders): Promise<Form> {
  const parser = openParser(headers as BusboyHeaders, body.length);
  let isOver = false;
  return new Promise<Form>((resolve, reject) => {
    collect(parser, reject).then(resolve, reject);
    guarded(
      () => reject(notForm()),
      () => feed(parser, body, () => isOver),
    )();
  }).finally(() => {
    isOver = true;
  });
}

/** Feeds the parser piece by piece, so that its errors are thrown here. */
async function feed(parser: BusboyInstance, body: Buffer, isOver: () => boolean): Promise<void> {
  for (let at = 0; at < body.length && !isOver(); at += PIECE_BYTES) {
    await new Promise<void>((taken) => parser.write(body.subarray(at, at + PIECE_BYTES), () => taken()));
    await new Promise((turn) => setImmediate(turn));
  }
  if (!isOver()) parser.end();
}

function openParser(headers: BusboyHeaders, maxBytes: number): BusboyInstance {
  // One byte more than the body: nothing is truncated silently.
  const sizes = { fieldSize: maxBytes + 1, fileSize: maxBytes + 1 };
  const limits = { files: 1, fields: MAX_FIELDS, parts: MAX_FIELDS + 1, headerPairs: 32, ...sizes };
  try {
    return new Busboy({ headers, limits, isPartAFile: isFile });
  } catch {
    throw notForm(); // no boundary
  }
}

/** The parsed form, once the parser has all of it. */
function collect(parser: BusboyInstance, fail: (error: Error) => void): Promise<Form> {
  const fields: Record<string, string> = Object.create(null);
  const pieces: Buffer[] = [];
  let contentType: string | undefined;
  parser.on('file', (_field, stream, _fileName, _encoding, partType) => {
    contentType = partType;
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', () => fail(notForm()));
  });
  parser.on('field', (name, value) => {
    if (!addField(fields, name, value)) fail(formInvalid('a field of the form is given twice; give each once'));
  });
  parser.on('filesLimit', () => fail(formInvalid('the form has more than one file; send one recording per call')));
  parser.on('fieldsLimit', () => fail(formInvalid(`the form has more than ${MAX_FIELDS} fields; send fewer`)));
  parser.on('partsLimit', () => fail(formInvalid(`the form has more than ${MAX_FIELDS} parts; send fewer`)));
  parser.on('error', () => fail(notForm()));
  return new Promise((resolve) => {
    parser.on('finish', () => {
      const file = contentType === undefined ? undefined : { bytes: Buffer.concat(pieces), contentType };
      resolve({ file, fields });
    });
  });
}
