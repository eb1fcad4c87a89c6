import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { seededRandom } from '../../evaluation/damage.js';

/** Level of the noise below that of the speech. Measured on training speakers: 30 to 50 dB do equally well. */
const BELOW_SPEECH = 10 ** (-40 / 20);

/** One second of noise of unit power, the same at every run. */
const NOISE = (() => {
  const random = seededRandom(1);
  const uniform = Float32Array.from({ length: ENGINE_SAMPLE_RATE_HZ }, () => random() - 0.5);
  const power = uniform.reduce((sum, value) => sum + value * value, 0) / uniform.length;
  return uniform.map((value) => value / Math.sqrt(power));
})();

/**
 * Speech with a faint noise 40 dB below it, in place. Digital silence (noise gates, muted lines, cut files) has a log-mel
 * energy far below anything a microphone gives: a few such frames inside a window spoil the whole embedding. The noise
 * hides them, and where one side was recorded in silence and the other in a room, it brings the two closer.
 */
export function addComfortNoise(speech: Float32Array): void {
  let power = 0;
  for (const sample of speech) power += sample * sample;
  const level = BELOW_SPEECH * Math.sqrt(power / Math.max(1, speech.length));
  for (let i = 0; i < speech.length; i += 1) speech[i]! += level * NOISE[i % NOISE.length]!;
}
