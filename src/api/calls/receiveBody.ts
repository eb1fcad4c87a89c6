import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { VoicePrintsError } from '../../core/errors.js';
import { bodyTooLarge, httpRefusal } from '../refusals/refusal.js';
import type { Call } from './call.js';

/** Minimum average rate of a body, after an initial grace period. */
const LEAST_BYTES_PER_SECOND = 1_024;
const BEGIN_MS = 15_000;
/** Granularity of accounting for held bytes: smaller bodies and pieces are not counted. */
const COUNTED_BYTES = 64 * 1024;

const INFLATE = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/**
 * The complete body of a call, decompressed where necessary. No shared resource is reserved before, so that slow senders
 * block no one; the bytes held count towards the limit of the tenant until the end of the call.
 *
 * Throws BODY_TOO_LARGE, BODY_TIMEOUT for a slow body, BODY_TYPE_UNSUPPORTED for an unknown compression,
 * TOO_MANY_REQUESTS beyond the limit of held bytes, INPUT_INVALID, and the reason of an aborted call.
 */
export async function receiveBody(call: Call, maxBytes: number): Promise<Buffer> {
  const { request, signal } = call;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  const held = new HeldPieces(call);
  let isOver = false;
  const reading = (async () => {
    // Leaving the loop early must not destroy the connection, which is needed for the answer.
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (isOver) return;
      held.add(piece);
      if (held.length > maxBytes) throw bodyTooLarge(maxBytes);
    }
  })();
  await untilLate(reading, () => held.length, signal).finally(() => {
    isOver = true;
  });
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  return encoding === 'identity' ? held.whole() : unpacked(call, held.whole(), { encoding, maxBytes });
}

/** Received bytes of one call, counted towards the limit of its tenant. */
export class HeldPieces {
  readonly #hold: Call['hold'];
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  #counted = 0;

  constructor({ hold }: Call) {
    this.#hold = hold;
  }

  get length(): number {
    return this.#length;
  }

  /** Throws TOO_MANY_REQUESTS beyond the limit of held bytes. */
  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length - this.#counted > COUNTED_BYTES) {
      this.#hold(this.#length - this.#counted);
      this.#counted = this.#length;
    }
    this.#pieces.push(piece);
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces, this.#length);
  }
}

/** Settles with the reading, or rejects when the signal aborts or the body is too slow. */
function untilLate(reading: Promise<void>, received: () => number, signal: AbortSignal): Promise<void> {
  const beganMs = performance.now();
  return new Promise((resolve, reject) => {
    const look = setInterval(() => {
      const waitedMs = performance.now() - beganMs;
      if (waitedMs < BEGIN_MS || received() / waitedMs >= LEAST_BYTES_PER_SECOND / 1_000) return;
      reject(httpRefusal('BODY_TIMEOUT', 'the body arrives too slowly; send it faster', { connection: 'close' }));
    }, 1_000);
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    reading.then(resolve, reject).finally(() => {
      clearInterval(look);
      signal.removeEventListener('abort', onAbort);
    });
  });
}

interface Packing {
  readonly encoding: string;
  readonly maxBytes: number;
}

async function unpacked({ hold }: Call, bytes: Buffer, { encoding, maxBytes }: Packing): Promise<Buffer> {
  const unpack = INFLATE[encoding as keyof typeof INFLATE];
  if (!Object.hasOwn(INFLATE, encoding)) {
    throw httpRefusal(
      'BODY_TYPE_UNSUPPORTED',
      'the body has an unsupported content encoding; send it uncompressed or as gzip',
    );
  }
  const whole: Buffer = await unpack(bytes, { maxOutputLength: maxBytes }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(maxBytes);
    const message = 'the body does not match its content encoding; send it uncompressed or as gzip';
    throw new VoicePrintsError('INPUT_INVALID', message, { cause });
  });
  hold(whole.length);
  return whole;
}
