/** Packets per page: about a second of speech, and always less than the 255 pieces that a page may hold. */
const PAGE_PACKETS = 32;
const PAGE_SEGMENTS = 255;

/** Writes one Ogg Opus stream (RFC 3533, RFC 7845), page after page. */
export class OggWriter {
  #pages = 0;
  #position = 0;
  #packets: Uint8Array[] = [];
  #segments: number[] = [];

  opusHead(about: { readonly channels: number; readonly preSkip: number; readonly sampleRateHz: number }): Uint8Array {
    const head = Buffer.alloc(19);
    head.write('OpusHead', 'latin1');
    head[8] = 1;
    head[9] = about.channels;
    head.writeUInt16LE(about.preSkip, 10);
    head.writeUInt32LE(about.sampleRateHz, 12);
    this.#add(head);
    return this.#page(0x02);
  }

  opusTags(): Uint8Array {
    this.#add(Buffer.concat([Buffer.from('OpusTags', 'latin1'), Buffer.alloc(8)]));
    return this.#page(0);
  }

  /** @param position samples at 48 kHz up to the end of this packet, the pre-skip counted */
  *packet(packet: Uint8Array, position: number): Generator<Uint8Array> {
    const segments = Math.floor(packet.length / 255) + 1;
    const isFull = this.#packets.length === PAGE_PACKETS || this.#segments.length + segments > PAGE_SEGMENTS;
    if (this.#packets.length > 0 && isFull) yield this.#page(0);
    if (segments > PAGE_SEGMENTS) return; // no Opus packet is that large: 61,298 bytes at most
    this.#add(packet);
    this.#position = position;
  }

  end(): Uint8Array {
    return this.#page(0x04);
  }

  #add(packet: Uint8Array): void {
    this.#packets.push(packet);
    for (let left = packet.length; left >= 255; left -= 255) this.#segments.push(255);
    this.#segments.push(packet.length % 255);
  }

  #page(flags: number): Uint8Array {
    const header = Buffer.alloc(27);
    header.write('OggS', 'latin1');
    header[5] = flags;
    header.writeBigUInt64LE(BigInt(this.#position), 6);
    header.writeUInt32LE(1, 14);
    header.writeUInt32LE(this.#pages, 18);
    header[26] = this.#segments.length;
    const page = Buffer.concat([header, Uint8Array.from(this.#segments), ...this.#packets]);
    page.writeUInt32LE(checksum(page), 22);
    this.#pages += 1;
    this.#packets = [];
    this.#segments = [];
    return page;
  }
}

/** CRC-32 with the polynomial 0x04c11db7, not reflected, from 0 (RFC 3533 §6). */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x8000_0000 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  return value;
});

function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = (crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 0xff]!;
  return crc >>> 0;
}
