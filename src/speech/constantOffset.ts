import { dcOffset } from './qualityLevel.js';

/** Less is what converters leave; the networks do not notice it. */
const LEAST_OFFSET = 0.01;

/**
 * Takes the constant offset (DC) out of a piece of audio, in place, where it has a notable one: the networks were trained without,
 * and detect half of the speech, or a second voice, in it.
 */
export function removeOffset(samples: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const offset = dcOffset(samples);
  if (Math.abs(offset) >= LEAST_OFFSET) for (let i = 0; i < samples.length; i += 1) samples[i]! -= offset;
  return samples;
}
