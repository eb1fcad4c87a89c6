import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { VoicePrintsError } from '../../core/errors.js';
import { encodeEvent, readEvents, type WyomingEvent } from './wire.js';

/** Where a Wyoming service listens. */
export interface WyomingAddress {
  readonly host: string;
  readonly port: number;
}

const unreachable = (what: string): VoicePrintsError =>
  new VoicePrintsError(
    'URL_UNREACHABLE',
    `the speech-to-text service ${what}; check that it runs at the address of --wyoming-asr`,
  );

/** A connection to the user's own speech-to-text service. */
export class AsrLink implements Disposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Throws URL_UNREACHABLE, or the reason of the signal, which ends the connection later, too. */
  static async open({ host, port }: WyomingAddress, { connectMs, signal }: { connectMs: number; signal: AbortSignal }) {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true });
    socket.on('error', () => socket.destroy()); // whoever reads sees the end
    const onAbort = () => socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs)]) });
    } catch {
      socket.destroy();
      signal.throwIfAborted();
      throw unreachable('accepts no connection');
    }
    return new AsrLink(socket);
  }

  /** Resolves when more may follow. What a service that is gone misses is seen by `events`. */
  async send(event: WyomingEvent): Promise<void> {
    if (this.#socket.destroyed || this.#socket.write(encodeEvent(event))) return;
    const gone = new AbortController();
    const onClose = () => gone.abort();
    this.#socket.once('close', onClose);
    await once(this.#socket, 'drain', { signal: gone.signal }).catch(() => undefined);
    this.#socket.removeListener('close', onClose);
  }

  /** What it answers, until it hangs up, or this is disposed. Throws URL_UNREACHABLE for a connection lost, INPUT_INVALID for nonsense. */
  async *events(): AsyncGenerator<WyomingEvent> {
    try {
      yield* readEvents(this.#socket);
    } catch (thrown) {
      if (thrown instanceof VoicePrintsError) throw thrown;
      throw unreachable('hung up');
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** What a speech-to-text service says of itself, kept for a while. Undefined where it does not answer. */
export class AsrInfo {
  readonly #address: WyomingAddress;
  readonly #connectMs: number;
  #known: { readonly asr: unknown; readonly atMs: number } | undefined;
  #asking: Promise<unknown> | undefined;

  constructor(address: WyomingAddress, connectMs: number) {
    this.#address = address;
    this.#connectMs = connectMs;
  }

  /** The `asr` member of its info. All who ask at the same time share one question. */
  get(): Promise<unknown> {
    if (this.#known && performance.now() - this.#known.atMs < KEPT_MS) return Promise.resolve(this.#known.asr);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#connectMs);
    try {
      using link = await AsrLink.open(this.#address, { connectMs: this.#connectMs, signal });
      await link.send({ type: 'describe', data: {} });
      for await (const { type, data } of link.events()) {
        if (type !== 'info') continue;
        this.#known = { asr: data.asr, atMs: performance.now() };
        return data.asr;
      }
    } catch {
      // Said below: what was known before is better than nothing.
    }
    return this.#known?.asr;
  }
}

const KEPT_MS = 10_000;
