import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import type { LiveAudio, LiveItem, StreamState } from '../../../core/live.js';
import { LiveItems } from '../../live/liveItems.js';
import type { PayloadDecoder } from '../codecs/payloadDecoder.js';
import { GapResampler, type PlacedPiece } from '../rtp/gapResampler.js';
import { JitterBuffer } from '../rtp/jitterBuffer.js';
import type { RtpPacket } from '../rtp/rtpPacket.js';
import { RtpTimeline } from '../rtp/rtpTimeline.js';
import { KeyPresses } from './keyPresses.js';

/** Audio held at most for a listener that is slow; beyond, the oldest is dropped and counted. */
const BUFFER_MS = 30_000;
/** Without a packet for this long what was heard is handed out, even if it fills no frame. */
const IDLE_MS = 200;

/** What the two sides of a call agreed to send. */
export interface PayloadTypes {
  readonly decoder: PayloadDecoder;
  readonly audio: number;
  readonly keyPresses: readonly number[];
}

/** The audio of a call: RTP packets in, frames at 16 kHz out, on a time line that neither loss nor silence shortens. */
export class CallAudio implements LiveAudio {
  readonly #items = new LiveItems(BUFFER_MS);
  readonly #timeline = new RtpTimeline();
  readonly #keyPresses = new KeyPresses();
  readonly #onDigit: (digit: string) => void;
  readonly #onLeft: () => void;
  #jitter = new JitterBuffer();
  #earlier = { lost: 0, late: 0 };
  #types: PayloadTypes | undefined;
  #isNarrowBand: boolean | undefined;
  #resampler: GapResampler | undefined;
  #ssrc: number | undefined;
  #retiredSsrc: number | undefined;
  #startedAtMs: number | undefined;
  #lastPacketMs = Number.NEGATIVE_INFINITY;
  #broken = 0;

  /** @param onLeft the listener left its loop */
  constructor({ onDigit, onLeft }: { onDigit: (digit: string) => void; onLeft: () => void }) {
    this.#onDigit = onDigit;
    this.#onLeft = onLeft;
    this.tell({ status: 'connecting' });
  }

  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  get isNarrowBand(): boolean | undefined {
    return this.#isNarrowBand;
  }

  get packetsLost(): number {
    return this.#earlier.lost + this.#jitter.lost;
  }

  get packetsLate(): number {
    return this.#earlier.late + this.#jitter.late;
  }

  /** Payloads the decoder could make nothing of. */
  get packetsBroken(): number {
    return this.#broken;
  }

  /** What was agreed, at first or anew. Another decoder than before: the old one is freed. */
  agree(types: PayloadTypes): void {
    if (this.#types?.decoder !== types.decoder) {
      this.#drain();
      this.#types?.decoder.free();
      this.#timeline.restart();
    }
    this.#types = types;
    this.#isNarrowBand = types.decoder.rateHz < ENGINE_SAMPLE_RATE_HZ;
  }

  receive(packet: RtpPacket, nowMs: number): void {
    const types = this.#types;
    if (!types || packet.ssrc === this.#retiredSsrc) return;
    if (types.keyPresses.includes(packet.payloadType)) {
      const digit = this.#keyPresses.heard(packet);
      if (digit) this.#onDigit(digit);
    }
    if (packet.ssrc !== this.#ssrc) this.#begin(packet.ssrc);
    this.#lastPacketMs = nowMs;
    // Key presses and comfort noise share the sequence numbers: they pass through, or they would count as lost.
    for (const next of this.#jitter.push(packet, nowMs)) this.#hear(next, nowMs);
  }

  /** To be called every few packets' time. */
  tick(nowMs: number): void {
    for (const next of this.#jitter.expire(nowMs)) this.#hear(next, nowMs);
    if (nowMs - this.#lastPacketMs < IDLE_MS || this.#lastPacketMs === Number.NEGATIVE_INFINITY) return;
    this.#items.flush();
  }

  tell(state: StreamState): void {
    this.#items.tell(state);
  }

  /** The last item. */
  end(state: StreamState): void {
    this.#drain();
    this.#types?.decoder.free();
    this.#types = undefined;
    this.tell(state);
    this.#items.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveItem> {
    try {
      yield* this.#items;
    } finally {
      this.#onLeft();
    }
  }

  /** Another sender, at first or after the other side began anew: nothing it says continues what came before. */
  #begin(ssrc: number): void {
    this.#flushJitter();
    this.#retiredSsrc = this.#ssrc;
    this.#ssrc = ssrc;
    this.#earlier = { lost: this.packetsLost, late: this.packetsLate };
    this.#jitter = new JitterBuffer();
    this.#timeline.restart();
  }

  #hear({ payloadType, timestamp, payload }: RtpPacket, nowMs: number): void {
    const types = this.#types;
    if (!types || payloadType !== types.audio || payload.length === 0) return; // its time stays a gap
    const samples = types.decoder.decode(payload);
    if (!samples || samples.length === 0) {
      this.#broken += 1;
      return;
    }
    const { rateHz, clockHz } = types.decoder;
    const length = (samples.length * ENGINE_SAMPLE_RATE_HZ) / rateHz;
    this.#startedAtMs ??= Date.now() - (1_000 * samples.length) / rateHz;
    const startSample = this.#timeline.place(timestamp, clockHz, length, nowMs);
    if (rateHz === ENGINE_SAMPLE_RATE_HZ) {
      this.#endNarrow();
      this.#items.push(samples, startSample);
      return;
    }
    this.#resampler ??= new GapResampler(startSample);
    this.#give(this.#resampler.push(samples, startSample));
  }

  #give(pieces: Iterable<PlacedPiece>): void {
    for (const { samples, startSample } of pieces) this.#items.push(samples, startSample);
  }

  /** The filter's rest, before audio that does not pass it. */
  #endNarrow(): void {
    if (!this.#resampler) return;
    this.#give(this.#resampler.flush());
    this.#resampler = undefined;
  }

  #flushJitter(): void {
    for (const next of this.#jitter.flush()) this.#hear(next, this.#lastPacketMs);
  }

  #drain(): void {
    this.#flushJitter();
    this.#endNarrow();
  }
}
