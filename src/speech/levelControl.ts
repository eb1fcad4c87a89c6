/** RMS of the loudest tenth of a second that quiet speech is brought to: -26 dBFS. */
const WANTED_RMS = 0.05;
/** Most amplification: 50 dB; more would turn converter noise into speech. */
const MOST_GAIN = 316;
/** What the loudest sound counts after one more piece: within a minute the level follows a speaker who moves away. */
const DECAY = 0.6;
const BLOCK_SAMPLES = 1600;

/** Amplifies quiet recordings for the voice-activity network, which detects no speech in them; never attenuates. */
export class LevelControl {
  #loudest = 0;

  /** The next piece of the stream, amplified in place. */
  apply(samples: Float32Array): void {
    this.#loudest = Math.max(this.#loudest * DECAY, loudestRms(samples));
    if (this.#loudest === 0) return;
    const gain = Math.min(MOST_GAIN, WANTED_RMS / this.#loudest);
    if (gain <= 1) return;
    for (let i = 0; i < samples.length; i += 1) samples[i] = Math.max(-1, Math.min(1, samples[i]! * gain));
  }
}

function loudestRms(samples: Float32Array): number {
  let loudest = 0;
  for (let from = 0; from < samples.length; from += BLOCK_SAMPLES) {
    const block = samples.subarray(from, from + BLOCK_SAMPLES);
    let power = 0;
    for (const sample of block) power += sample * sample;
    loudest = Math.max(loudest, power / block.length);
  }
  return Math.sqrt(loudest);
}
