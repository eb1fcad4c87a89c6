/** A source that was silent for this long may be followed by another: a sender that moved. */
const MOVED_MS = 2_000;

/**
 * Decides whose packets are heard. The other side's addresses are known: the one of its description, and the one its
 * signalling comes from, where a router stands between. The first that sends is stayed with.
 */
export class MediaSource {
  #addresses: readonly string[] = [];
  #followed: string | undefined;
  #lastMs = 0;

  /** @param addresses of the other side, by the latest description */
  expect(addresses: readonly string[]): void {
    this.#addresses = addresses;
    this.#followed = undefined;
  }

  isHeard(address: string, port: number, nowMs: number): boolean {
    if (!this.#addresses.includes(address)) return false;
    const source = `${address}:${port}`;
    if (this.#followed !== source && this.#followed && nowMs - this.#lastMs < MOVED_MS) return false;
    this.#followed = source;
    this.#lastMs = nowMs;
    return true;
  }
}
