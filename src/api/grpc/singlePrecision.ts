/**
 * The first published clients have `float` where the later ones have `double`: seconds in a chunk (7, 8) and in an answer
 * (3, 4). Protobuf libraries misread the one as the other. Here the wire type in a message decides, and it is rewritten.
 */

const CHUNK_SECONDS: readonly number[] = [7, 8];
const ANSWER_SECONDS: readonly number[] = [3, 4];

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly start: number;
  /** Offset of the value, after the tag. */
  readonly valueStart: number;
  readonly end: number;
}

/** Maximum number of fields: a chunk has nine, of which the list of people may be repeated a thousand times. */
const MOST_FIELDS = 2_000;

/**
 * Converts the seconds of an old client's chunk to doubles, and tells whether it was one; others are unchanged. Throws
 * RangeError for a message with so many fields that reading it would take long.
 */
export function chunkInDoubles(message: Buffer): { readonly message: Buffer; readonly isSingle: boolean } {
  const fields = fieldsOf(message);
  const isSingle = fields.some((field) => isSeconds(field, CHUNK_SECONDS, FIXED32));
  if (!isSingle) return { message, isSingle };
  const parts = fields.map((field) => {
    if (!isSeconds(field, CHUNK_SECONDS, FIXED32)) return message.subarray(field.start, field.end);
    const part = Buffer.alloc(9);
    part[0] = (field.number << 3) | FIXED64;
    part.writeDoubleLE(roundedSeconds(message.readFloatLE(field.valueStart)), 1);
    return part;
  });
  return { message: Buffer.concat(parts), isSingle };
}

/** An answer with its seconds as floats, for old clients. */
export function answerInSingles(message: Buffer): Buffer {
  const parts = fieldsOf(message).map((field) => {
    if (!isSeconds(field, ANSWER_SECONDS, FIXED64)) return message.subarray(field.start, field.end);
    const part = Buffer.alloc(5);
    part[0] = (field.number << 3) | FIXED32;
    part.writeFloatLE(message.readDoubleLE(field.valueStart), 1);
    return part;
  });
  return Buffer.concat(parts);
}

const isSeconds = (field: Field, numbers: readonly number[], wireType: number): boolean =>
  field.wireType === wireType && numbers.includes(field.number);

/** A float of 15.1 is 15.100000381; audio is placed to the sample, so the tail is noise. */
const roundedSeconds = (seconds: number): number => Math.round(seconds * 1e4) / 1e4;

/** The fields of a message up to its end, or up to the first unreadable one: the decoder reports that itself. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < message.length) {
    if (fields.length === MOST_FIELDS) throw new RangeError('the message has too many fields');
    const tag = varint(message, at);
    const wireType = tag.value & 7;
    const end = endOfValue(message, tag.end, wireType);
    if (end > message.length || Number.isNaN(end)) {
      fields.push({ number: 0, wireType: -1, start: at, valueStart: at, end: message.length });
      return fields;
    }
    fields.push({ number: tag.value >>> 3, wireType, start: at, valueStart: tag.end, end });
    at = end;
  }
  return fields;
}

function endOfValue(message: Buffer, at: number, wireType: number): number {
  if (wireType === VARINT) return varint(message, at).end;
  if (wireType === FIXED64) return at + 8;
  if (wireType === FIXED32) return at + 4;
  if (wireType !== BYTES) return Number.NaN;
  const length = varint(message, at);
  return length.end + length.value;
}

/** A base-128 number; `end` is past the message where it does not end. */
function varint(message: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, scale = 1; at < message.length && at < start + 10; at += 1, scale *= 128) {
    value += (message[at]! & 0x7f) * scale;
    if (message[at]! < 0x80) return { value, end: at + 1 };
  }
  return { value, end: message.length + 1 };
}
