import { readFileSync } from 'node:fs';
import type { CalibrationParameters } from '../../../src/core/calibration.js';
import { centroid, unit } from '../../../src/core/vector.js';
import { seededRandom } from '../../../src/evaluation/damage.js';
import { VoiceGallery } from '../../../src/identity/gallery/voiceGallery.js';
import type { EnrolledVoice } from '../../../src/identity/voices.js';

export const DIMENSIONS = 192;

/** The calibration of the built-in model: centred, with terms for length and telephone audio. */
export const CALIBRATION: CalibrationParameters = JSON.parse(
  readFileSync(new URL('../../../models/manifest.json', import.meta.url), 'utf8'),
).models[1].calibration;

/** People as alike as real ones of one microphone: cosines around .3, up to .7 in a large gallery; the same at every run. */
export class MadePeople {
  readonly #random: () => number;
  readonly #line: Float32Array<ArrayBuffer>;

  constructor(seed = 3) {
    this.#random = seededRandom(seed);
    this.#line = this.direction();
  }

  direction(): Float32Array<ArrayBuffer> {
    return unit(
      Float32Array.from({ length: DIMENSIONS }, () => this.#random() + this.#random() + this.#random() - 1.5),
    );
  }

  /** A person's own sound; some are relatives of the one before. */
  voice(relative?: Float32Array): Float32Array<ArrayBuffer> {
    const own = this.direction();
    return unit(own.map((value, i) => value + 0.65 * this.#line[i]! + (relative ? 0.8 * relative[i]! : 0)));
  }

  near(voice: Float32Array, spread: number): Float32Array<ArrayBuffer> {
    const scatter = this.direction();
    return unit(Float32Array.from(voice, (value, i) => value + spread * scatter[i]!));
  }

  enrolled(id: string, voice: Float32Array): EnrolledVoice {
    const random = this.#random;
    const exemplars = Array.from({ length: 1 + Math.floor(random() * 4) }, () => this.near(voice, 0.6));
    const isNarrowBand = random() < 0.2;
    return { id, exemplars, mean: centroid(exemplars), speechSeconds: 3 + 30 * random(), isNarrowBand };
  }

  many(count: number): { readonly voices: Float32Array<ArrayBuffer>[]; readonly enrolled: EnrolledVoice[] } {
    const voices: Float32Array<ArrayBuffer>[] = [];
    for (let i = 0; i < count; i += 1) voices.push(this.voice(i % 7 === 6 ? voices[i - 1] : undefined));
    return { voices, enrolled: voices.map((voice, i) => this.enrolled(`p${i}`, voice)) };
  }
}

export function galleryOf(voices: readonly EnrolledVoice[]): VoiceGallery {
  const gallery = new VoiceGallery(DIMENSIONS);
  for (const voice of voices) gallery.put(voice);
  return gallery;
}
