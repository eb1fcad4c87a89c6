import { endianness } from 'node:os';
import { z } from 'zod';
import type { Embedding } from '../../core/voiceprint.js';

/** Little-endian float32 in base64, shape (d,): a third of the size of decimal text, and exact. */
const vector = z
  .string()
  .regex(/^[A-Za-z0-9+/]+={0,2}$/)
  .refine((text) => byteLengthOf(text) % 4 === 0, { error: 'is not a whole number of float32 values' });

/** Stored form of an embedding. */
export const embeddingRow = z.object({ modelId: z.string().min(1), values: vector });

export function toEmbeddingRow({ modelId, values }: Embedding): z.output<typeof embeddingRow> {
  const bytes = Buffer.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)); // a copy: its bytes may be swapped
  return { modelId, values: littleEndian(bytes).toString('base64') };
}

/** A new embedding that owns its array. */
export function fromEmbeddingRow({ modelId, values: text }: z.output<typeof embeddingRow>): Embedding {
  const values = new Float32Array(byteLengthOf(text) / 4);
  const bytes = Buffer.from(values.buffer);
  bytes.write(text, 'base64');
  littleEndian(bytes);
  return { modelId, values };
}

/** Converts float32 bytes between the machine's byte order and little-endian, in place. */
const littleEndian = (bytes: Buffer): Buffer => (endianness() === 'LE' ? bytes : bytes.swap32());

function byteLengthOf(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length * 3) / 4 - padding;
}
