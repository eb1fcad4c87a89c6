/** Reproducible random numbers 0..1: mulberry32 by T. Ettinger (public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MU = 255; // ITU-T G.711
const TAPS = 81;
const TELEPHONE_CUT = 3400 / 16_000;

/** Simulates a telephone on 16 kHz audio: 8 kHz, band limit 3.4 kHz, 8-bit mu-law; resampled to 16 kHz, same length. */
export function telephone(samples: Float32Array): Float32Array<ArrayBuffer> {
  const filter = lowPass();
  const narrow = filtered(samples, filter);
  for (let i = 0; i < narrow.length; i += 1) narrow[i] = i % 2 === 0 ? 2 * muLaw(narrow[i]!) : 0;
  return filtered(narrow, filter);
}

/** Background noise, brown and white mixed, `snrDb` below the sound; same length. */
export function noisy(samples: Float32Array, snrDb: number, random: () => number): Float32Array<ArrayBuffer> {
  const noise = new Float32Array(samples.length);
  let brown = 0;
  for (let i = 0; i < noise.length; i += 1) {
    const white = random() + random() + random() - 1.5;
    brown = 0.98 * brown + white;
    noise[i] = brown + 2 * white;
  }
  const gain = Math.sqrt(power(samples) / (power(noise) || 1) / 10 ** (snrDb / 10));
  return noise.map((value, i) => value * gain + samples[i]!);
}

/** Middle and width of the bands that `equalised` lifts or lowers. */
const BANDS_HZ = [150, 500, 1500, 4000];
const BAND_QUALITY = 0.7;

/** Another microphone: each of four bands is lifted or lowered by up to `mostDb`; same length. */
export function equalised(samples: Float32Array, mostDb: number, random: () => number): Float32Array<ArrayBuffer> {
  let out = Float32Array.from(samples);
  for (const hertz of BANDS_HZ) out = peaked(out, hertz, mostDb * (2 * random() - 1));
  return out;
}

/** A peaking filter (R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients"). */
function peaked(samples: Float32Array, hertz: number, decibels: number): Float32Array<ArrayBuffer> {
  const amplitude = 10 ** (decibels / 40);
  const angle = (2 * Math.PI * hertz) / 16_000;
  const alpha = Math.sin(angle) / (2 * BAND_QUALITY);
  const a0 = 1 + alpha / amplitude;
  const [b0, b1, b2] = [1 + alpha * amplitude, -2 * Math.cos(angle), 1 - alpha * amplitude].map((b) => b / a0);
  const [a1, a2] = [(-2 * Math.cos(angle)) / a0, (1 - alpha / amplitude) / a0];
  const out = new Float32Array(samples.length);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let i = 0; i < samples.length; i += 1) {
    const x = samples[i]!;
    const y = b0! * x + b1! * x1 + b2! * x2 - a1 * y1 - a2 * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    out[i] = y;
  }
  return out;
}

const ECHOES = 160;

/**
 * A room that dies away by 60 dB in `decaySeconds`: the direct sound and scattered echoes; same length.
 *
 * @param echoShare energy of all echoes beside the direct sound: above 1 far from the microphone
 */
export function inRoom(
  samples: Float32Array,
  decaySeconds: number,
  random: () => number,
  echoShare = 0.3,
): Float32Array<ArrayBuffer> {
  const out = Float32Array.from(samples);
  const reach = 16_000 * decaySeconds;
  const echoes = Array.from({ length: ECHOES }, () => {
    const delay = 16 + Math.floor(random() * reach);
    return { delay, gain: (random() < 0.5 ? -1 : 1) * Math.exp((-6.9 * delay) / reach) };
  });
  const energy = echoes.reduce((sum, { gain }) => sum + gain * gain, 0);
  for (const { delay, gain } of echoes) {
    const scaled = gain * Math.sqrt(echoShare / energy);
    for (let i = delay; i < out.length; i += 1) out[i]! += scaled * samples[i - delay]!;
  }
  return out;
}

function power(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / Math.max(1, samples.length);
}

function muLaw(sample: number): number {
  const magnitude = Math.log1p(MU * Math.min(1, Math.abs(sample))) / Math.log1p(MU);
  const step = Math.round(magnitude * 127) / 127;
  return (Math.sign(sample) * Math.expm1(step * Math.log1p(MU))) / MU;
}

/** Windowed-sinc low pass (Hann), unity gain. */
function lowPass(): Float64Array {
  const middle = (TAPS - 1) / 2;
  const taps = Float64Array.from({ length: TAPS }, (_, i) => {
    const x = i - middle;
    const sinc = x === 0 ? 2 * TELEPHONE_CUT : Math.sin(2 * Math.PI * TELEPHONE_CUT * x) / (Math.PI * x);
    return sinc * (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (TAPS + 1)));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

function filtered(samples: Float32Array, taps: Float64Array): Float32Array<ArrayBuffer> {
  const middle = (taps.length - 1) / 2;
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) {
    const from = Math.max(0, middle - i);
    const to = Math.min(taps.length, samples.length + middle - i);
    let sum = 0;
    for (let k = from; k < to; k += 1) sum += taps[k]! * samples[i + k - middle]!;
    out[i] = sum;
  }
  return out;
}
