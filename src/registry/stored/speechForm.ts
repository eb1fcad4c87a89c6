import { endianness } from 'node:os';
import { z } from 'zod';
import type { KeptSpeech } from '../../core/voiceprint.js';
import type { ReadableForm } from './storedForm.js';

const FORMAT = 'voice-prints-speech';
const VERSION = 1;

/** Little-endian 16-bit samples in base64. */
const samples = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

/** The file of the kept speech of one sample. The purpose contains its id, so that sealed files cannot be exchanged. */
export const speechForm = (tenantId: string, audioId: string): ReadableForm<KeptSpeech> => ({
  format: FORMAT,
  version: VERSION,
  migrations: {},
  purpose: `voice-prints speech\n${tenantId}\n${audioId}`,
  noun: 'enrolment audio',
  schema: z
    .object({ stretches: z.array(z.number().int().positive()), samples })
    .transform(({ stretches, samples: text }): KeptSpeech => ({ stretches, samples: samplesOf(text) })),
  textOf: ({ stretches, samples: values }) =>
    `${JSON.stringify({ format: FORMAT, version: VERSION, stretches, samples: textOf(values) })}\n`,
});

function textOf(values: Int16Array): string {
  const bytes = Buffer.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)); // a copy: its bytes may be swapped
  return (endianness() === 'LE' ? bytes : bytes.swap16()).toString('base64');
}

function samplesOf(text: string): Int16Array<ArrayBuffer> {
  const bytes = Buffer.from(text, 'base64');
  const values = new Int16Array(bytes.length >> 1);
  const copy = Buffer.from(values.buffer);
  bytes.copy(copy);
  if (endianness() !== 'LE') copy.swap16();
  return values;
}
