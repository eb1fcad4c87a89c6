/** So many packets of others, and none of it: a source is over, or was never there. 2 s of 20 ms. */
const PATIENCE_PACKETS = 100;
const MAX_EARLIER = 16;

/**
 * Of the packets that a device sends over TCP, those of one source (SSRC). Some devices continue to send those of an earlier
 * session on the channel of a new one, which GStreamer would take for a second stream. What came before PLAY is of an
 * earlier session; else the first one is ours, as long as it lasts.
 */
export class OneSource {
  #isPlaying = false;
  readonly #earlier = new Set<number>();
  #current: number | undefined;
  /** Packets of others since the last one that was let through. */
  #others = 0;

  /** PLAY is being requested: packets from now on may be ours. */
  playing(): void {
    this.#isPlaying = true;
  }

  /** @param packet with its four bytes of RTSP framing (RFC 2326, 10.12); odd channels bear reports (RTCP) */
  isOurs(packet: Buffer): boolean {
    const isReport = packet[1]! % 2 === 1;
    const at = isReport ? 8 : 12;
    if (packet.length < at + 4) return false;
    const source = packet.readUInt32BE(at);
    if (isReport) return source === this.#current;
    if (!this.#isPlaying) {
      if (this.#earlier.size < MAX_EARLIER) this.#earlier.add(source);
      return false;
    }
    const isNew = this.#current === undefined && !this.#earlier.has(source);
    if (source === this.#current || isNew || this.#others >= PATIENCE_PACKETS) {
      this.#current = source;
      this.#others = 0;
      return true;
    }
    this.#others += 1;
    return false;
  }
}
