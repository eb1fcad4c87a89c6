import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import { samplesOfMs } from '../../../core/time.js';

/** Further ahead of the clock than any sender runs in earnest: its timestamps jumped. */
const MAX_AHEAD_SAMPLES = samplesOfMs(5_000);
/** Senders that stop their timestamps while they are silent fall behind the clock; by this much they are moved on. */
const MAX_BEHIND_SAMPLES = samplesOfMs(2_000);
/** A backlog after a freeze is behind, too, but catches up within this. */
const WATCH_SAMPLES = samplesOfMs(1_000);
/** Timestamps that step back further than this were restarted. */
const MAX_OVERLAP_SAMPLES = samplesOfMs(100);

/**
 * Position of RTP timestamps on the stream's time line, in samples at 16 kHz from the first packet on. Follows the
 * sender's clock; the clock on the wall decides only where the sender's is meaningless: after a new beginning (another
 * source or codec, a jump) and where it stood still.
 */
export class RtpTimeline {
  #firstMs = 0;
  #anchor: { readonly timestamp: number; readonly sample: number; readonly samplesPerTick: number } | undefined;
  /** Sample after the last one placed. */
  #end = 0;
  #hasBegun = false;
  /** Least lag behind the wall since `#watchStart`. */
  #leastLag = Number.POSITIVE_INFINITY;
  #watchStart = 0;

  /** Sample after the last one placed. */
  get end(): number {
    return this.#end;
  }

  /** Whether more audio has come than time has passed: a sender that continues like that is faster than real time. */
  isFull(nowMs: number): boolean {
    return this.#hasBegun && this.#end > samplesOfMs(nowMs - this.#firstMs) + MAX_AHEAD_SAMPLES;
  }

  /** The next timestamp has nothing to do with earlier ones. */
  restart(): void {
    this.#anchor = undefined;
  }

  /**
   * @param timestamp of the packet's first sample, in ticks of `clockHz`
   * @param length samples at 16 kHz in the packet
   * @returns its first sample, even; never before the end of the packet before
   */
  place(timestamp: number, clockHz: number, length: number, nowMs: number): number {
    const wall = this.#wallSample(nowMs, length);
    let start = this.#anchored(timestamp, clockHz);
    if (start === undefined || start > wall + MAX_AHEAD_SAMPLES || start < this.#end - MAX_OVERLAP_SAMPLES) {
      start = Math.max(this.#end, wall);
      this.#leastLag = Number.POSITIVE_INFINITY;
      this.#watchStart = start;
    } else start = this.#caughtUp(start, wall);
    this.#anchor = { timestamp, sample: start, samplesPerTick: ENGINE_SAMPLE_RATE_HZ / clockHz };
    start = Math.max(start, this.#end);
    this.#end = start + length;
    return start;
  }

  /** Position of a packet that ends now; 0 for the first one. */
  #wallSample(nowMs: number, length: number): number {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#firstMs = nowMs - (1_000 * length) / ENGINE_SAMPLE_RATE_HZ;
    }
    return 2 * Math.max(0, Math.round((samplesOfMs(nowMs - this.#firstMs) - length) / 2));
  }

  #anchored(timestamp: number, clockHz: number): number | undefined {
    const anchor = this.#anchor;
    if (!anchor || anchor.samplesPerTick !== ENGINE_SAMPLE_RATE_HZ / clockHz) return undefined;
    return anchor.sample + Math.round(((timestamp - anchor.timestamp) | 0) * anchor.samplesPerTick);
  }

  #caughtUp(start: number, wall: number): number {
    this.#leastLag = Math.min(this.#leastLag, wall - start);
    if (start - this.#watchStart < WATCH_SAMPLES) return start;
    const lag = this.#leastLag;
    this.#leastLag = Number.POSITIVE_INFINITY;
    this.#watchStart = start;
    if (lag <= MAX_BEHIND_SAMPLES) return start;
    this.#watchStart = start + lag;
    return start + lag;
  }
}
