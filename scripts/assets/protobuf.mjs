// Reading and writing protobuf messages by field number: all that an ONNX file needs, without its generated classes.

/** Fields of a message: [number, value], value a BigInt for varints and bytes for everything with a length. */
export function* fieldsOf(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (wire === 0) yield [field, varint()];
    else if (wire === 2) {
      const length = Number(varint());
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else at += wire === 1 ? 8 : 4; // fixed-width numbers: nothing we look for
  }
}

/** Every value of one field. */
export const allOf = (bytes, wanted) =>
  [...fieldsOf(bytes)].filter(([field]) => field === wanted).map(([, value]) => value);

/** The first value of one field, undefined where there is none. */
export const firstOf = (bytes, wanted) => allOf(bytes, wanted)[0];

/** A message out of [field, value] pairs; value: a number or BigInt (varint), a string, bytes, or an array of pairs (a message). */
export function message(fields) {
  const parts = fields.map(([field, value]) => {
    if (typeof value === 'number' || typeof value === 'bigint')
      return Buffer.concat([varint(field * 8), varint(value)]);
    const body = Array.isArray(value) ? message(value) : Buffer.from(value);
    return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
  });
  return Buffer.concat(parts);
}

function varint(value) {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
