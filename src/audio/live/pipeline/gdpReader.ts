/** A buffer as GStreamer's `gdppay` writes it. */
export interface GdpBuffer {
  /** Time of its first sample in nanoseconds; undefined where the element gave none. */
  readonly ptsNs: number | undefined;
  readonly bytes: Uint8Array;
}

/** GStreamer Data Protocol 1.0, gst-plugins-bad/gst/gdp/dataprotocol.h: header of 62 bytes, big-endian. */
const HEADER_BYTES = 62;
const TYPE_AT = 4;
const LENGTH_AT = 6;
const PTS_AT = 10;
const TYPE_BUFFER = 1; // others are caps and events
const NO_TIME = 0xffff_ffff_ffff_ffffn;

/** Cuts the bytes of `gdppay` into buffers, however they come. */
export class GdpReader {
  #held: Buffer = Buffer.alloc(0);

  *push(chunk: Uint8Array): Generator<GdpBuffer> {
    this.#held = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (this.#held.length - at >= HEADER_BYTES) {
      const header = this.#held.subarray(at);
      const end = HEADER_BYTES + header.readUInt32BE(LENGTH_AT);
      if (header.length < end) break;
      at += end;
      if (header.readUInt16BE(TYPE_AT) !== TYPE_BUFFER) continue;
      const pts = header.readBigUInt64BE(PTS_AT);
      yield { ptsNs: pts === NO_TIME ? undefined : Number(pts), bytes: header.subarray(HEADER_BYTES, end) };
    }
    this.#held = this.#held.subarray(at);
  }
}
