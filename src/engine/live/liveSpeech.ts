import { msOfSamples } from '../../core/time.js';
import { HOP_SAMPLES } from '../../speech/speechSegmenter.js';
import { abortable } from '../../stream/abortable.js';
import type { Compute, LiveBlock } from '../compute/compute.js';
import { BandwidthProbe } from '../recording/bandwidthProbe.js';
import { oneWindow } from '../recording/speechOf.js';
import { BusyTime } from './busyTime.js';
import { LiveBatches } from './liveBatches.js';
import type { DetectedBlock } from './liveDetector.js';

/** The networks, once they are loaded. */
export interface LiveNetworks {
  readonly compute: Compute;
  readonly batches: LiveBatches;
  /** Time that live streams have kept the threads busy. */
  readonly busy: BusyTime;
}

/** Loads the networks before any stream waits for them. `signal` ends everything, with the engine. */
export async function openLiveNetworks(compute: Compute, signal: AbortSignal): Promise<LiveNetworks> {
  const busy = new BusyTime(compute.threads);
  const batches = new LiveBatches(compute, { signal, lanes: compute.threads, busy });
  const hum = Float32Array.from({ length: HUM_SAMPLES }, (_, i) => 0.01 * Math.sin(i / 20));
  const block = { samples: hum.slice(0, HOP_SAMPLES), state: undefined };
  const segmented = compute.segmentation ? compute.localVoices(hum.slice(), signal) : undefined;
  await Promise.all([batches.detectSpeech(block), batches.embed([oneWindow(hum.slice())]), segmented]);
  return { compute, batches, busy };
}

export interface LiveSpeechOptions {
  readonly openNetworks: () => Promise<LiveNetworks>;
  readonly signal: AbortSignal;
  /** Undefined while unknown: then it is measured on the speech. */
  readonly isNarrowBand: () => boolean | undefined;
}

/** Something to try the networks on: one second. */
const HUM_SAMPLES = 16_000;
/** Speech after which its bandwidth is measured. */
const PROBE_MS = 3_000;

/** The networks as one stream uses them, and its bandwidth. */
export class LiveSpeech {
  readonly #options: LiveSpeechOptions;
  #probe: BandwidthProbe | undefined = new BandwidthProbe();
  #probedMs = 0;
  #measured = false;
  #lookBackSamples = 0;

  constructor(options: LiveSpeechOptions) {
    this.#options = options;
  }

  /** True for telephone audio, as far as is known. */
  get isNarrowBand(): boolean {
    return this.#options.isNarrowBand() ?? this.#measured;
  }

  /** Waits for the networks. */
  async open(): Promise<void> {
    const { compute } = await this.#networks();
    this.#lookBackSamples = compute.segmentation?.windowSamples ?? 0;
  }

  async detect(block: LiveBlock): Promise<DetectedBlock> {
    const { batches } = await this.#networks();
    return abortable(batches.detectSpeech(block), this.#options.signal);
  }

  /** Unit-norm embedding of each window. Takes the arrays. */
  async embed(windows: readonly Float32Array<ArrayBuffer>[]): Promise<readonly Float32Array<ArrayBuffer>[]> {
    if (windows.length === 0) return [];
    const { batches, compute } = await this.#networks();
    for (const samples of windows) await this.#listenFor(samples, compute);
    return abortable(batches.embed(windows.map(oneWindow)), this.#options.signal);
  }

  /** How far back the segmentation network hears; 0 where none is used. Known once the networks are open. */
  get lookBackSamples(): number {
    return this.#lookBackSamples;
  }

  /** Who of three voices speaks in each frame (see Compute.localVoices); undefined without a segmentation network. */
  async localVoices(samples: Float32Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { compute, busy } = await this.#networks();
    if (!compute.segmentation) return undefined;
    const { signal } = this.#options;
    return abortable(busy.during(compute.localVoices(samples, signal)), signal);
  }

  #networks(): Promise<LiveNetworks> {
    return abortable(this.#options.openNetworks(), this.#options.signal);
  }

  /** Measures the bandwidth once there is enough speech, where the source does not give it. */
  async #listenFor(samples: Float32Array, compute: Compute): Promise<void> {
    if (!this.#probe || this.#options.isNarrowBand() !== undefined) return;
    this.#probe.add(samples);
    this.#probedMs += msOfSamples(samples.length);
    if (this.#probedMs < PROBE_MS) return;
    const probe = this.#probe;
    this.#probe = undefined;
    this.#measured = await probe.isNarrowBand(compute, this.#options.signal);
  }
}
