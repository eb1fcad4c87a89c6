import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { msOfSamples, samplesOfMs } from '../../core/time.js';
import type { TimedSamples } from './liveConnection.js';
import { lost } from './liveErrors.js';

const SAMPLES_PER_NS = ENGINE_SAMPLE_RATE_HZ / 1e9;
/** Times are rounded on their way; less than this is no gap. */
const TOLERANCE_SAMPLES = samplesOfMs(2);
/** A source whose clock jumps ahead of ours by more has restarted its count: reconnecting fixes that. */
const MAX_LEAD_SAMPLES = samplesOfMs(60_000);
/** Audio arrives after its recording, with varying delays: the shortest delay within this time gives the source's clock. */
const CLOCK_WINDOW_MS = 60_000;

/** A piece at its place on the stream's time line. */
export interface PlacedSamples {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly startSample: number;
}

/**
 * The time line of a stream over connections: within one, by the source's own times, so that what comes late in a burst
 * keeps its time of recording; between two, by the wall clock. Never runs backwards.
 */
export class StreamTimeline {
  #nextSample = 0;
  /** Where time 0 of the connection's clock lies on the time line; undefined until its first audio. */
  #offset: number | undefined;
  #startedAtMs: number | undefined;
  #windowStartedMs = 0;
  #windowLeast = Number.POSITIVE_INFINITY;

  /**
   * Wall-clock time (ms since 1970) of sample 0, by the latest minute: where the source's clock runs slower or faster
   * than ours, it moves with it.
   */
  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  /** The next piece belongs to a new connection. */
  reconnected(): void {
    this.#offset = undefined;
    this.#windowLeast = Number.POSITIVE_INFINITY;
  }

  /**
   * @param nowMs wall-clock time at which the piece came
   * @returns undefined where all of it is before the audio placed already
   * Throws LIVE_LOST where the source's times make no sense.
   */
  place({ samples, ptsNs }: TimedSamples, nowMs: number): PlacedSamples | undefined {
    const recordedAt = ptsNs === undefined ? this.#nextSample : Math.round(ptsNs * SAMPLES_PER_NS);
    this.#startedAtMs ??= nowMs - msOfSamples(samples.length);
    if (this.#offset === undefined) this.#connect(recordedAt, samples.length, nowMs);
    // Without times pieces follow on each other, and the offset has done its work.
    let start = ptsNs === undefined ? this.#nextSample : recordedAt + this.#offset!;
    if (Math.abs(start - this.#nextSample) <= TOLERANCE_SAMPLES) start = this.#nextSample;
    const lead = start + samples.length - samplesOfMs(nowMs - this.#startedAtMs);
    if (ptsNs !== undefined && lead > MAX_LEAD_SAMPLES) {
      throw lost('the clock of the source jumped');
    }
    const overlap = Math.max(0, this.#nextSample - start);
    if (overlap >= samples.length) return undefined;
    this.#nextSample = start + samples.length;
    this.#followClock(nowMs);
    return { samples: samples.subarray(overlap), startSample: start + overlap };
  }

  #connect(recordedAt: number, samples: number, nowMs: number): void {
    const byWall = samplesOfMs(nowMs - this.#startedAtMs!) - samples;
    this.#nextSample = Math.max(this.#nextSample, byWall);
    this.#offset = this.#nextSample - recordedAt;
    this.#windowStartedMs = nowMs;
  }

  /** The shortest delay of each minute counts as none. */
  #followClock(nowMs: number): void {
    this.#windowLeast = Math.min(this.#windowLeast, nowMs - msOfSamples(this.#nextSample));
    if (nowMs - this.#windowStartedMs < CLOCK_WINDOW_MS) return;
    this.#startedAtMs = this.#windowLeast;
    this.#windowStartedMs = nowMs;
    this.#windowLeast = Number.POSITIVE_INFINITY;
  }
}
