import { guarded } from '../../core/guarded.js';
import type { SettledSession } from '../../engine/requests/sessionKeeping.js';
import type { KeptStream, KeptStreams, Written } from './keptStreams.js';
import type { ResumeKey } from './resumeKey.js';
import { headToBytes, type StreamHead, type StreamPlace } from './streamHead.js';

/** What a keeper asks of its stream. */
export interface KeptSide {
  /** As it is now. */
  head(): Omit<StreamHead, 'version' | keyof StreamPlace>;
  /** The last place that a client can begin to send from, at or before a sample of the engine's clock. */
  placeOf(sample: number): StreamPlace;
  /** Messages up to this number may be sent. */
  released(seq: number): void;
  /** Another process has taken the stream over. */
  lost(): void;
  failed(error: unknown): void;
}

export interface StreamKeeperOptions {
  readonly streams: Pick<KeptStreams, 'write' | 'isHeld' | 'delete'>;
  readonly sessionId: string;
  readonly tenantId: string;
  readonly key: ResumeKey;
  readonly epoch: number;
  /** How long the stream waits for its client. */
  readonly resumeMs: number;
  /** Where it begins in this process. */
  readonly from: StreamPlace;
  readonly side: KeptSide;
}

/** A stream is written at least this often, so that its client need not keep more audio than that of the open turn, and it does not expire. */
const WRITE_MS = 5_000;
/** A process that died writes no more: its streams expire this much later than those whose client has left. */
const SILENCE_MS = 15_000;
/** A message that cannot be kept in this time is sent all the same. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 1_000;

/**
 * Keeps one stream for other processes: what was recognised is written before it is sent, so that whoever goes on with the stream
 * repeats none of it. Guesses about an open turn are sent at once.
 */
export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  readonly #clock: NodeJS.Timeout;
  #session: SettledSession | undefined;
  #place: StreamPlace;
  #keptPosition: number;
  /** Of what was learnt, as it is kept. */
  #revision: number | undefined;
  #lastSeq = 0;
  #releasedSeq = 0;
  #writing: Promise<void> | undefined;
  #isWanted = false;
  #isOver = false;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #patience: NodeJS.Timeout | undefined;
  /** While no client is connected: when the stream expires. */
  #waitsUntilMs: number | undefined;

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
    this.#place = options.from;
    this.#keptPosition = options.from.position;
    const look = guarded(
      (error) => options.side.failed(error),
      () => {
        if (performance.now() - this.#writtenAtMs >= WRITE_MS) this.#want();
      },
    );
    this.#clock = setInterval(look, WRITE_MS / 5).unref();
  }

  /** Audio before it need not be kept by the client. */
  get position(): number {
    return this.#keptPosition;
  }

  /** Writes the stream once; waits no longer than messages do. */
  async begin(): Promise<void> {
    this.#want();
    let wait: NodeJS.Timeout | undefined;
    await Promise.race([
      this.#writing,
      new Promise((resolve) => {
        wait = setTimeout(resolve, PATIENCE_MS);
      }),
    ]);
    clearTimeout(wait);
  }

  /** The session has come to a place from which another process can go on. */
  settled(session: SettledSession): void {
    this.#session = session;
    if (this.#isWanted || performance.now() - this.#writtenAtMs >= WRITE_MS) this.#want();
  }

  /** A message with the next number. A provisional one is sent without being kept, unless others wait. */
  add(seq: number, { isProvisional }: { readonly isProvisional: boolean }): void {
    if (this.#isOver) return; // another process sends it
    const isFirst = this.#releasedSeq === this.#lastSeq;
    this.#lastSeq = seq;
    if (isProvisional && isFirst) {
      this.#release(seq);
      return;
    }
    this.#patience ??= setTimeout(() => this.#release(this.#lastSeq), PATIENCE_MS).unref();
    this.#want();
  }

  /** Numbers go on from here. */
  startAt(seq: number): void {
    this.#lastSeq = seq;
    this.#releasedSeq = seq;
  }

  /** The client has gone or come back. */
  waitsForClient(isWaiting: boolean): void {
    this.#waitsUntilMs = isWaiting ? performance.now() + this.#options.resumeMs : undefined;
    this.#want();
  }

  /** Nothing more is learnt: what is kept from now on needs no settled session. */
  sessionEnded(): void {
    this.#session = undefined;
    if (this.#isWanted) this.#want();
  }

  /** Whether the stream is still this process's own, as the database has it. Throws REGISTRY_UNAVAILABLE. */
  async isHeld(): Promise<boolean> {
    return !this.#isOver && (await this.#options.streams.isHeld(this.#options));
  }

  /** Leaves the stream to the process to which its client returns. */
  async handOver(): Promise<void> {
    if (this.#isOver) return;
    this.#waitsUntilMs = performance.now() + this.#options.resumeMs;
    await this.#writing;
    this.#want();
    await this.#writing;
    this.#stop();
  }

  /** The stream is over, and nothing of it is kept. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#stop();
    await this.#writing;
    await this.#options.streams.delete(this.#options);
  }

  #stop(): void {
    this.#isOver = true;
    clearInterval(this.#clock);
    clearTimeout(this.#patience);
  }

  #want(): void {
    this.#isWanted = true;
    if (this.#writing || this.#isOver) return;
    const taken = this.#session?.take(this.#revision);
    if (this.#session && !taken) return; // half done: `settled` comes soon
    if (taken) this.#place = this.#options.side.placeOf(taken.sample);
    this.#isWanted = false;
    this.#writing = this.#write(taken?.bytes, taken?.revision).finally(() => {
      this.#writing = undefined;
      if (this.#isWanted) this.#want();
    });
  }

  async #write(bytes: Uint8Array | undefined, revision: number | undefined): Promise<void> {
    const { streams, side } = this.#options;
    const seq = this.#lastSeq;
    const { position } = this.#place;
    this.#writtenAtMs = performance.now();
    try {
      const written: Written = await streams.write(this.#row(bytes));
      if (this.#isOver) return;
      if (written === 'lost') {
        this.#stop();
        return side.lost();
      }
      const hasLearnt = revision !== undefined && written === 'without learnt';
      this.#revision = hasLearnt ? undefined : revision;
      if (hasLearnt) this.#isWanted = true;
      this.#keptPosition = position;
      this.#release(seq);
    } catch (error) {
      side.failed(error);
      setTimeout(() => this.#want(), RETRY_MS).unref();
    }
  }

  #row(bytes: Uint8Array | undefined): KeptStream {
    const { sessionId, tenantId, key, epoch, resumeMs, side } = this.#options;
    const waitMs = this.#waitsUntilMs === undefined ? resumeMs + SILENCE_MS : this.#waitsUntilMs - performance.now();
    return {
      ...{ sessionId, tenantId, epoch, check: key.check, expiresInMs: Math.max(0, waitMs) },
      head: key.seal(headToBytes({ ...side.head(), ...this.#place }), 'head'),
      learnt: bytes && key.seal(bytes, 'learnt'),
    };
  }

  #release(seq: number): void {
    if (seq > this.#releasedSeq) {
      this.#releasedSeq = seq;
      this.#options.side.released(seq);
    }
    if (this.#releasedSeq < this.#lastSeq) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }
}
