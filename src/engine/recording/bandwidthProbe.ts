import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import type { Compute } from '../compute/compute.js';
import { NARROW_BAND_HZ } from '../voiceprints/voicesToMatch.js';

/** Speech looked at, at most: the bandwidth of a recording seldom changes, and its spectrum costs time. */
const PROBE_SAMPLES = 20 * ENGINE_SAMPLE_RATE_HZ;

/** Detects telephone speech in the first seconds of speech of a recording. */
export class BandwidthProbe {
  readonly #pieces: Float32Array[] = [];
  #length = 0;

  /** Copies what it still needs of a segment of speech. */
  add(samples: Float32Array): void {
    const room = PROBE_SAMPLES - this.#length;
    if (room <= 0) return;
    const piece = samples.slice(0, room);
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** True where there was speech, and none of it above about 4 kHz. */
  async isNarrowBand(compute: Compute, signal: AbortSignal): Promise<boolean> {
    if (this.#length === 0) return false;
    const samples = new Float32Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      samples.set(piece, at);
      at += piece.length;
    }
    const speech = [{ startSample: 0, endSample: samples.length }];
    const { bandwidthHz } = await compute.measureQuality(samples, speech, signal);
    return bandwidthHz > 0 && bandwidthHz < NARROW_BAND_HZ;
  }
}
