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

const DOLLAR = 0x24;
const MAX_HEADER_BYTES = 65_536;

/** Cuts the bytes of one direction into parts. Throws an Error where they are no RTSP. */
export class RtspReader {
  #held: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<RtspPart> {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (let part = this.#next(); part; part = this.#next()) yield part;
  }

  #next(): RtspPart | undefined {
    while (this.#held[0] === 13 || this.#held[0] === 10) this.#held = this.#held.subarray(1); // between messages
    if (this.#held.length < 4) return undefined;
    if (this.#held[0] === DOLLAR) {
      const bytes = this.#take(4 + this.#held.readUInt16BE(2));
      return bytes && { kind: 'packet', bytes };
    }
    const headEnd = this.#held.indexOf('\r\n\r\n');
    if (headEnd < 0) {
      if (this.#held.length > MAX_HEADER_BYTES) throw new Error('not RTSP');
      return undefined;
    }
    const [startLine = '', ...lines] = this.#held.toString('latin1', 0, headEnd).split('\r\n');
    if (!/RTSP\/\d/.test(startLine)) throw new Error('not RTSP');
    const headers = lines.map(parseHeader);
    const length = Number(headerOf({ headers }, 'Content-Length') ?? 0);
    if (!(length >= 0 && length <= 1_048_576)) throw new Error('not RTSP');
    const bytes = this.#take(headEnd + 4 + length);
    return bytes && { kind: 'message', message: { startLine, headers, body: bytes.subarray(headEnd + 4) } };
  }

  #take(length: number): Buffer | undefined {
    if (this.#held.length < length) return undefined;
    const bytes = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return bytes;
  }
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

export const headersOf = ({ headers }: Pick<RtspMessage, 'headers'>, name: string): readonly string[] =>
  headers.flatMap(([key, value]) => (key.toLowerCase() === name.toLowerCase() ? [value] : []));

export const headerOf = (message: Pick<RtspMessage, 'headers'>, name: string): string | undefined =>
  headersOf(message, name)[0];

/** The message with another body, or other headers instead of those of the same names. */
export function withHeaders(message: RtspMessage, changed: Readonly<Record<string, string>>): RtspMessage {
  const names = Object.keys(changed).map((name) => name.toLowerCase());
  const kept = message.headers.filter(([name]) => !names.includes(name.toLowerCase()));
  return { ...message, headers: [...kept, ...Object.entries(changed)] };
}

export function bytesOf({ startLine, headers, body }: RtspMessage): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${startLine}\r\n${lines}\r\n`, 'latin1'), body]);
}
