import { VoicePrintsError } from '../../core/errors.js';

/** One event of the Wyoming protocol: a line of JSON, more JSON, bytes. */
export interface WyomingEvent {
  /** `describe`, `audio-chunk`, `transcript` … */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** PCM, for `audio-chunk`. */
  readonly payload?: Uint8Array | undefined;
}

export interface WireLimits {
  /** The first line of an event. */
  readonly maxLineBytes: number;
  /** The JSON after that line. */
  readonly maxDataBytes: number;
  /** The bytes after that. */
  readonly maxPayloadBytes: number;
}

/** A chunk of audio is usually 2 to 64 kB; some clients send a whole command in one. Names to listen for make long data. */
export const WIRE_LIMITS: WireLimits = {
  maxLineBytes: 64 * 1024,
  maxDataBytes: 512 * 1024,
  maxPayloadBytes: 4 * 1024 * 1024,
};

/** Version of the protocol that is spoken: that of the PyPI package `wyoming` it was written and tested against. */
const PROTOCOL_VERSION = '1.10.2';
const NEWLINE = 10;

const broken = (what: string): VoicePrintsError =>
  new VoicePrintsError('INPUT_INVALID', `${what}; send events of the Wyoming protocol`);

/** The bytes of an event. */
export function encodeEvent({ type, data, payload }: WyomingEvent): Buffer {
  const more = Object.keys(data).length > 0 ? Buffer.from(JSON.stringify(data)) : undefined;
  const header = {
    type,
    version: PROTOCOL_VERSION,
    ...(more && { data_length: more.length }),
    ...(payload?.length && { payload_length: payload.length }),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), more ?? '', payload ?? ''].map(asBuffer));
}

const asBuffer = (bytes: Uint8Array | string): Uint8Array => (typeof bytes === 'string' ? Buffer.from(bytes) : bytes);

/**
 * The events of a connection, in order; ends with it, even in the middle of an event.
 * Throws INPUT_INVALID for what is no event, or exceeds a limit: nothing after that can be read.
 */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
  limits: WireLimits = WIRE_LIMITS,
): AsyncGenerator<WyomingEvent> {
  const reader = new ByteReader(bytes);
  try {
    for (;;) {
      const line = await reader.line(limits.maxLineBytes);
      if (line === undefined) return;
      const header = objectOf(line, 'the header of an event');
      const dataBytes = lengthOf(header.data_length, limits.maxDataBytes, 'data_length');
      const payloadBytes = lengthOf(header.payload_length, limits.maxPayloadBytes, 'payload_length');
      const more = await reader.take(dataBytes);
      const payload = more && (await reader.take(payloadBytes));
      if (!more || !payload) return;
      if (typeof header.type !== 'string') throw broken('an event has no type');
      const own = header.data ?? {};
      if (typeof own !== 'object' || Array.isArray(own)) throw broken('the data of an event are no object');
      const data = dataBytes === 0 ? own : { ...own, ...objectOf(more, 'the data of an event') };
      yield { type: header.type, data: data as WyomingEvent['data'], ...(payloadBytes > 0 && { payload }) };
    }
  } finally {
    await reader.close();
  }
}

function objectOf(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    throw broken(`${what} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken(`${what} is no object`);
  return value as Record<string, unknown>;
}

function lengthOf(value: unknown, most: number, name: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw broken(`${name} is not a number of bytes`);
  }
  if (value > most) throw broken(`${name} is above ${most}`);
  return value;
}

/** Bytes by lines and by counts; holds no more than is asked for and one chunk. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** Up to the next newline, which is left out; undefined at the end. Throws INPUT_INVALID for a line that is longer. */
  async line(most: number): Promise<Uint8Array | undefined> {
    for (let searched = 0; ; ) {
      const end = this.#held.indexOf(NEWLINE, searched);
      if (end > most || (end < 0 && this.#held.length > most)) throw broken(`a line is longer than ${most} bytes`);
      if (end >= 0) return this.#cut(end, end + 1);
      searched = this.#held.length;
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      this.#held = searched === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    }
  }

  /** Exactly `count` bytes; undefined where the connection ends before. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const chunks = [this.#held];
    for (let length = this.#held.length; length < count; ) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      chunks.push(next.value);
      length += next.value.length;
    }
    if (chunks.length > 1) this.#held = Buffer.concat(chunks);
    return this.#cut(count, count);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cut(end: number, next: number): Uint8Array {
    const taken = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(next);
    return taken;
  }
}
