import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import type { LiveAudio, LiveItem, StreamState } from '../../../core/live.js';
import { LiveItems } from '../../live/liveItems.js';
import type { PayloadDecoder } from '../codecs/payloadDecoder.js';
import { GapResampler, type PlacedPiece } from '../rtp/gapResampler.js';
import { JitterBuffer } from '../rtp/jitterBuffer.js';
import type { RtpPacket } from '../rtp/rtpPacket.js';
import { RtpTimeline } from '../rtp/rtpTimeline.js';
import type { SipCodec } from '../sipTypes.js';
import { KeyPresses } from './keyPresses.js';

/** Audio held at most for a listener that is slow; beyond, the oldest is dropped and counted. */
const BUFFER_MS = 30_000;
/** Without a packet for this long the buffered audio is emitted, even if it fills no frame. */
const IDLE_MS = 200;

/** Longer payloads are no packet of a call: half a second of G.711, and more than an Opus packet ever needs. */
const MAX_PAYLOAD_BYTES = 4_096;
/** RFC 3389, 4. */
const COMFORT_NOISE = 13;

/** What the two sides of a call agreed to send. */
export interface PayloadTypes {
  /** By payload type, the likeliest first; a codec may have several. */
  readonly decoders: ReadonlyMap<number, PayloadDecoder>;
  readonly keyPresses: readonly number[];
  readonly comfortNoise: readonly number[];
}

export interface CallAudioOptions {
  readonly onDigit: (digit: string) => void;
  /** Before each piece of sound is handed out. */
  readonly onSound: () => void;
  /** The listener left its loop. */
  readonly onLeft: () => void;
}

/** The audio of a call: RTP packets in, frames at 16 kHz out, on a time line that neither loss nor silence shortens. */
export class CallAudio implements LiveAudio {
  readonly #items = new LiveItems(BUFFER_MS);
  readonly #timeline = new RtpTimeline();
  readonly #keyPresses = new KeyPresses();
  readonly #onDigit: (digit: string) => void;
  readonly #onSound: () => void;
  readonly #onLeft: () => void;
  #jitter = new JitterBuffer();
  #earlier = { lost: 0, late: 0 };
  #types: PayloadTypes | undefined;
  /** Of the last packet that was decoded, at first of the likeliest codec. */
  #decoder: PayloadDecoder | undefined;
  #lastSignMs = Number.NEGATIVE_INFINITY;
  #isQuiet = false;
  #foreign = 0;
  #isNarrowBand: boolean | undefined;
  #resampler: GapResampler | undefined;
  #ssrc: number | undefined;
  #retiredSsrc: number | undefined;
  #startedAtMs: number | undefined;
  #lastPacketMs = Number.NEGATIVE_INFINITY;
  #broken = 0;

  constructor({ onDigit, onSound, onLeft }: CallAudioOptions) {
    this.#onDigit = onDigit;
    this.#onSound = onSound;
    this.#onLeft = onLeft;
    this.pushState({ status: 'connecting' });
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

  /** Payloads the decoder could make nothing of, and those that were more than time allows. */
  get packetsBroken(): number {
    return this.#broken;
  }

  /** Packets of a payload type that was not negotiated. */
  get packetsForeign(): number {
    return this.#foreign;
  }

  get codec(): SipCodec | undefined {
    return this.#decoder?.codec;
  }

  /** When the other side last showed that it is there, by audio that decodes, a key press or comfort noise. */
  get lastSignMs(): number {
    return this.#lastSignMs;
  }

  /** Whether comfort noise was the last that came: its sender need not send anything until it is heard again (RFC 3389, 5). */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** The negotiated codecs, initially or after a change. Decoders that are no longer used are freed. */
  agree(types: PayloadTypes): void {
    const kept = new Set(types.decoders.values());
    if (this.#decoder && !kept.has(this.#decoder)) {
      this.#drain();
      this.#timeline.restart();
      this.#decoder = undefined;
    }
    for (const decoder of new Set(this.#types?.decoders.values())) if (!kept.has(decoder)) decoder.free();
    this.#types = types;
    const [likeliest] = kept;
    if (!this.#decoder && likeliest) this.#use(likeliest);
  }

  receive(packet: RtpPacket, nowMs: number): void {
    const types = this.#types;
    if (!types || packet.ssrc === this.#retiredSsrc) return;
    const { payloadType } = packet;
    if (types.keyPresses.includes(payloadType)) {
      const digit = this.#keyPresses.digitOf(packet);
      if (digit) this.#onDigit(digit);
    }
    const isNoise = isComfortNoise(payloadType, types);
    if (isNoise || types.decoders.has(payloadType)) this.#isQuiet = isNoise;
    const isSign = types.keyPresses.includes(payloadType) || isNoise;
    if (isSign) this.#lastSignMs = nowMs;
    else if (!types.decoders.has(payloadType)) this.#foreign += 1;
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

  pushState(state: StreamState): void {
    this.#items.pushState(state);
  }

  /** The last item. */
  end(state: StreamState): void {
    try {
      this.#drain();
    } finally {
      for (const decoder of new Set(this.#types?.decoders.values())) decoder.free();
      this.#types = undefined;
      this.pushState(state);
      this.#items.close();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveItem> {
    try {
      yield* this.#items;
    } finally {
      this.#onLeft();
    }
  }

  /** Another sender, initially or after a restart of the other side: its audio does not continue the previous one. */
  #begin(ssrc: number): void {
    this.#flushJitter();
    this.#retiredSsrc = this.#ssrc;
    this.#ssrc = ssrc;
    this.#earlier = { lost: this.packetsLost, late: this.packetsLate };
    this.#jitter = new JitterBuffer();
    this.#timeline.restart();
  }

  #hear({ payloadType, timestamp, payload }: RtpPacket, nowMs: number): void {
    const decoder = this.#types?.decoders.get(payloadType);
    if (!decoder || payload.length === 0) return; // its time stays a gap
    const isSound = payload.length <= MAX_PAYLOAD_BYTES && !this.#timeline.isFull(nowMs);
    const samples = isSound ? decoder.decode(payload) : undefined;
    if (!samples || samples.length === 0) {
      this.#broken += 1;
      return;
    }
    this.#lastSignMs = nowMs;
    this.#use(decoder);
    this.#onSound();
    const { rateHz, clockHz } = decoder;
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

  #use(decoder: PayloadDecoder): void {
    this.#decoder = decoder;
    this.#isNarrowBand = decoder.rateHz < ENGINE_SAMPLE_RATE_HZ;
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

const isComfortNoise = (payloadType: number, { comfortNoise }: PayloadTypes): boolean =>
  payloadType === COMFORT_NOISE || comfortNoise.includes(payloadType);
