import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { LiveVoicesState } from './liveVoices.js';

/** What is kept of a session for the process in which it goes on. */
export interface KeptVoices {
  readonly modelId: string;
  /** Only the number of turns where nothing may be kept of unknown voices. */
  readonly voices: Pick<LiveVoicesState, 'turnIds'> & Partial<LiveVoicesState>;
}

/** Of the bytes; others are those of another release, of which nothing is read. */
const VERSION = 1;
const HEAD_BYTES = 5;
/** Embeddings are kept with 16 bits a number, each scaled by its largest: cosines change by less than 0.0001. */
const FULL_SCALE = 32_767;

/** `version, length of the JSON, JSON (deflated), vectors`; the JSON has the places of the vectors. */
export function encodeKeptSession(kept: KeptVoices): Uint8Array {
  const vectors: Buffer[] = [];
  let at = 0;
  const text = JSON.stringify(kept, (_, value) => {
    if (!(value instanceof Float32Array)) return value;
    const vector = packed(value);
    vectors.push(vector);
    const place = { vector: at, length: value.length };
    at += vector.length;
    return place;
  });
  const json = deflateRawSync(text);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION);
  head.writeUInt32LE(json.length, 1);
  return Buffer.concat([head, json, ...vectors]);
}

/** Undefined for bytes of another release. */
export function decodeKeptSession(bytes: Uint8Array): KeptVoices | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < HEAD_BYTES || buffer.readUInt8() !== VERSION) return undefined;
  const vectorsAt = HEAD_BYTES + buffer.readUInt32LE(1);
  const text = inflateRawSync(buffer.subarray(HEAD_BYTES, vectorsAt)).toString();
  return JSON.parse(text, (_, value) =>
    typeof value?.vector === 'number' ? unpacked(buffer.subarray(vectorsAt + value.vector), value.length) : value,
  );
}

/** Shape (d,) to 4 + 2 d bytes. */
function packed(values: Float32Array): Buffer {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const bytes = Buffer.alloc(4 + 2 * values.length);
  bytes.writeFloatLE(largest);
  values.forEach((value, i) => {
    bytes.writeInt16LE(Math.round((value / largest) * FULL_SCALE), 4 + 2 * i);
  });
  return bytes;
}

function unpacked(bytes: Buffer, length: number): Float32Array<ArrayBuffer> {
  const scale = bytes.readFloatLE() / FULL_SCALE;
  return Float32Array.from({ length }, (_, i) => scale * bytes.readInt16LE(4 + 2 * i));
}
