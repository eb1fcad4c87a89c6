/** A source that was silent for this long may be followed by another: a sender that moved. */
const MOVED_MS = 2_000;

/**
 * Decides which sender's packets are used. The other side's addresses are known: the one of its description, and the one its
 * signalling comes from, where a router stands between. A sender at exactly the address and port of the description
 * takes precedence (a port used again may still get an earlier call's packets); otherwise the first that
 * sends is stayed with.
 */
export class MediaSource {
  #described: string | undefined;
  #addresses: readonly string[] = [];
  #followed: string | undefined;
  #lastMs = 0;

  /** @param described where the other side says that it receives, and usually sends from; @param signalling its address */
  expect(described: { readonly address: string | undefined; readonly port: number }, signalling: string): void {
    const { address = signalling, port } = described;
    const exact = `${address}:${port}`;
    if (exact !== this.#described) this.#followed = undefined;
    this.#described = exact;
    this.#addresses = [address, signalling];
  }

  isAccepted(address: string, port: number, nowMs: number): boolean {
    if (!this.#addresses.includes(address)) return false;
    const source = `${address}:${port}`;
    const isFree = this.#followed === undefined || nowMs - this.#lastMs >= MOVED_MS;
    if (source !== this.#followed && source !== this.#described && !isFree) return false;
    this.#followed = source;
    this.#lastMs = nowMs;
    return true;
  }
}
