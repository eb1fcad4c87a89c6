import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { hello } from '../websocket/protocol.js';

/** How a connection is closed after the last message of a stream. */
const farewell = z.object({ code: z.enum(['done', 'badMessage', 'failed', 'tooMany']), reason: z.string() });
export type Farewell = z.output<typeof farewell>;

/** A stream but for what was learnt of its voices. */
const streamHead = z.object({
  version: z.literal(1),
  /** Without the key. */
  hello: hello.omit({ apiKey: true }),
  /** Audio to send next, as a client counts it. */
  position: z.number().int().min(0),
  /** The same on the clock of the engine. */
  sample: z.number().int().min(0),
  /** Audio that was counted towards the tenant's minutes. */
  countedMs: z.number().min(0),
  lastSeq: z.number().int().min(0),
  /** Messages that the client has not acknowledged, oldest first. */
  messages: z.array(z.object({ seq: z.number().int(), text: z.string() })),
  /** Ids of the latest commands. */
  commands: z.array(z.string()),
  last: farewell.optional(),
});
export type StreamHead = z.output<typeof streamHead>;

/** Where a stream can go on: everything before it is settled. */
export type StreamPlace = Pick<StreamHead, 'position' | 'sample'>;

export const headToBytes = (head: Omit<StreamHead, 'version'>): Buffer =>
  Buffer.from(JSON.stringify({ version: 1, ...head }));

/** Throws REGISTRY_VERSION_NEWER for that of another release. */
export function headOfBytes(bytes: Buffer): StreamHead {
  const parsed = streamHead.safeParse(JSON.parse(bytes.toString()));
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError(
    'REGISTRY_VERSION_NEWER',
    'this stream was begun by a process of another release; start a new one with hello',
    { cause: parsed.error },
  );
}
