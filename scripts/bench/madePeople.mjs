// People in made voices, for measurements of what comparing with many of them costs: random unit vectors, three samples each.
import { readFileSync } from 'node:fs';

export const DIMENSIONS = 192;
export const SLICE_MS = 4; // as core/steps.ts has it
const SAMPLES = 3;
const manifest = JSON.parse(readFileSync(new URL('../../models/manifest.json', import.meta.url), 'utf8'));
export const { calibration } = manifest.models.find((model) => model.calibration);

const unit = (values) => {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
};
export const direction = () => unit(Float32Array.from({ length: DIMENSIONS }, () => Math.random() + Math.random() - 1));
export const near = (voice, spread) => {
  const scatter = direction();
  return unit(voice.map((value, i) => value + spread * scatter[i]));
};

/** Processor milliseconds of this process. */
export const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

export function putAll(gallery, people) {
  for (let n = 0; n < people; n += 1) {
    const mean = direction();
    const exemplars = Array.from({ length: SAMPLES }, () => near(mean, 0.6));
    gallery.put({ id: `p${n}`, mean, exemplars, speechSeconds: 24, isNarrowBand: false });
  }
}
