/** A request or an answer. Names of headers keep their letters' case. */
export interface RtspMessage {
  /** `DESCRIBE rtsp://… RTSP/1.0` or `RTSP/1.0 200 OK`. */
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What travels on an RTSP connection: messages, and between them packets (RFC 2326, 10.12). */
export type RtspPart =
  | { readonly kind: 'message'; readonly message: RtspMessage }
  | { readonly kind: 'packet'; readonly bytes: Buffer };

interface RtspHead {
  readonly message: Omit<RtspMessage, 'body'>;
  readonly bodyBytes: number;
}

const DOLLAR = 0x24;
const MAX_HEADER_BYTES = 65_536;
const MAX_BODY_BYTES = 262_144;
const HEADER_END = '\r\n\r\n';

/**
 * Cuts the bytes of one direction into parts. Throws an Error where they are no RTSP. However small the pieces are that
 * they come in, the work grows with the bytes, and no more is held than the longest message.
 */
export class RtspReader {
  /** Bytes in [#start, #end) wait to be read. */
  #held: Buffer = Buffer.alloc(4_096);
  #start = 0;
  #end = 0;
  /** Where the end of the present header is looked for: before it there is none. */
  #searchedTo = 0;
  /** A message whose body is still to come, and the length of it. */
  #head: RtspHead | undefined;

  *push(chunk: Buffer): Generator<RtspPart> {
    this.#append(chunk);
    for (let part = this.#next(); part; part = this.#next()) yield part;
  }

  #append(chunk: Buffer): void {
    const length = this.#end - this.#start;
    if (this.#end + chunk.length > this.#held.length) {
      const needed = length + chunk.length;
      // Twice as large where it is full, so that bytes are moved a few times at most.
      const target = needed * 2 > this.#held.length ? Buffer.alloc(needed * 2) : this.#held;
      this.#held.copy(target, 0, this.#start, this.#end);
      this.#searchedTo -= this.#start;
      [this.#held, this.#start, this.#end] = [target, 0, length];
    }
    chunk.copy(this.#held, this.#end);
    this.#end += chunk.length;
  }

  #next(): RtspPart | undefined {
    if (this.#head) return this.#body(this.#head);
    while (this.#start < this.#end && isLineEnd(this.#held[this.#start]!)) this.#start += 1; // between messages
    if (this.#end - this.#start < 4) return undefined;
    if (this.#held[this.#start] === DOLLAR) {
      const bytes = this.#take(4 + this.#held.readUInt16BE(this.#start + 2));
      return bytes && { kind: 'packet', bytes };
    }
    const from = Math.max(this.#start, this.#searchedTo - HEADER_END.length);
    const at = this.#held.subarray(0, this.#end).indexOf(HEADER_END, from, 'latin1');
    this.#searchedTo = at < 0 ? this.#end : at;
    if ((at < 0 ? this.#end : at) - this.#start > MAX_HEADER_BYTES) throw new Error('not RTSP');
    if (at < 0) return undefined;
    this.#head = headOf(this.#held.toString('latin1', this.#start, at));
    this.#start = at + HEADER_END.length;
    return this.#body(this.#head);
  }

  #body({ message, bodyBytes }: RtspHead): RtspPart | undefined {
    const body = this.#take(bodyBytes);
    if (!body) return undefined;
    this.#head = undefined;
    return { kind: 'message', message: { ...message, body } };
  }

  /** A copy: what it was taken from is written over. */
  #take(length: number): Buffer | undefined {
    if (this.#end - this.#start < length) return undefined;
    const bytes = Buffer.from(this.#held.subarray(this.#start, this.#start + length));
    this.#start += length;
    return bytes;
  }
}

const isLineEnd = (byte: number): boolean => byte === 13 || byte === 10;

function headOf(text: string): RtspHead {
  const [startLine = '', ...lines] = text.split('\r\n');
  if (!/RTSP\/\d/.test(startLine)) throw new Error('not RTSP');
  const headers = lines.map(parseHeader);
  const bodyBytes = Number(headerOf({ headers }, 'Content-Length') ?? 0);
  if (!(Number.isInteger(bodyBytes) && bodyBytes >= 0 && bodyBytes <= MAX_BODY_BYTES)) throw new Error('not RTSP');
  return { message: { startLine, headers }, bodyBytes };
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

export const headersOf = ({ headers }: Pick<RtspMessage, 'headers'>, name: string): readonly string[] =>
  headers.flatMap(([key, value]) => (key.toLowerCase() === name.toLowerCase() ? [value] : []));

export const headerOf = (message: Pick<RtspMessage, 'headers'>, name: string): string | undefined =>
  headersOf(message, name)[0];

/** Status of an answer; undefined of a request. */
export function statusOf({ startLine }: Pick<RtspMessage, 'startLine'>): number | undefined {
  const [, code] = /^RTSP\/\S+ +(\d{3})(?: |$)/.exec(startLine) ?? [];
  return code === undefined ? undefined : Number(code);
}

export function bytesOf({ startLine, headers, body }: RtspMessage): Buffer {
  const all = body.length > 0 ? [...headers, ['Content-Length', `${body.length}`] as const] : headers;
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${startLine}\r\n${lines}\r\n`, 'latin1'), body]);
}

/** Headers without those of these names. */
export function without(
  headers: RtspMessage['headers'],
  names: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  const left = names.map((name) => name.toLowerCase());
  return headers.filter(([name]) => !left.includes(name.toLowerCase()));
}
