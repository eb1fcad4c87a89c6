import { CUT } from './links.js';

/** RFC 3533, 6: 27 bytes, then the lengths of up to 255 segments. */
const HEADER_BYTES = 27;
const TYPE_AT = 5;
const SEGMENTS_AT = 26;
const BEGINS_STREAM = 0x02;
const MAGIC = Buffer.from('OggS');

/**
 * The bytes with a cut where a new chain of Ogg begins: a page that begins a stream, behind one that does not. Radios
 * begin one with every track. Bytes that are no Ogg come as they are.
 */
export async function* withCuts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | typeof CUT> {
  const pages = new OggPages();
  let isWithin = false;
  for await (const chunk of bytes) {
    for (const { piece, isBeginning } of pages.push(chunk)) {
      if (isBeginning && isWithin) yield CUT;
      if (isBeginning !== undefined) isWithin = !isBeginning;
      yield piece;
    }
  }
  const rest = pages.rest();
  if (rest.length > 0) yield rest;
}

interface Piece {
  readonly piece: Uint8Array;
  /** Of the head of a page: whether it begins a stream. */
  readonly isBeginning?: boolean;
}

/** Cuts Ogg before each page; holds back no more than the head of one. */
class OggPages {
  #held: Buffer = Buffer.alloc(0);
  /** Of the page being passed on. */
  #bodyLeft = 0;
  #isOgg = true;

  *push(chunk: Uint8Array): Generator<Piece> {
    let bytes =
      this.#held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : this.#joined(chunk);
    this.#held = Buffer.alloc(0);
    while (bytes.length > 0) {
      if (!this.#isOgg || this.#bodyLeft > 0) {
        const taken = this.#isOgg ? Math.min(this.#bodyLeft, bytes.length) : bytes.length;
        this.#bodyLeft -= this.#isOgg ? taken : 0;
        yield { piece: bytes.subarray(0, taken) };
        bytes = bytes.subarray(taken);
        continue;
      }
      if (!MAGIC.subarray(0, bytes.length).equals(bytes.subarray(0, MAGIC.length))) {
        this.#isOgg = false; // no Ogg, or no longer
        continue;
      }
      const headBytes = HEADER_BYTES + (bytes[SEGMENTS_AT] ?? 0);
      if (bytes.length < HEADER_BYTES || bytes.length < headBytes) {
        this.#held = bytes;
        return;
      }
      this.#bodyLeft = bytes.subarray(HEADER_BYTES, headBytes).reduce((sum, length) => sum + length, 0);
      yield { piece: bytes.subarray(0, headBytes), isBeginning: (bytes[TYPE_AT]! & BEGINS_STREAM) !== 0 };
      bytes = bytes.subarray(headBytes);
    }
  }

  /** The rest at the end, of an incomplete page. */
  rest(): Uint8Array {
    return this.#held;
  }

  #joined(chunk: Uint8Array): Buffer {
    return Buffer.concat([this.#held, chunk]);
  }
}
