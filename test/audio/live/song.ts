import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Length of the song, samples at 16 kHz. */
export const SONG_SAMPLES = 160_000;

/**
 * Ten seconds within telephone bandwidth of which no piece sounds like another, so that any piece tells where in the
 * song it stands. Five gliding tones, their course drawn by lot every 50 ms from a fixed seed.
 */
export const song: Float32Array<ArrayBuffer> = makeSong();

function makeSong(): Float32Array<ArrayBuffer> {
  let seed = 1;
  const lot = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return seed / 0x7fff_ffff;
  };
  const out = new Float32Array(SONG_SAMPLES);
  for (let voice = 0; voice < 5; voice += 1) {
    let [phase, hz, target] = [0, 300 + 2_700 * lot(), 0];
    for (let i = 0; i < out.length; i += 1) {
      if (i % 800 === 0) target = 300 + 2_700 * lot();
      hz += (target - hz) / 400;
      phase += (2 * Math.PI * hz) / 16_000;
      out[i]! += 0.12 * Math.sin(phase);
    }
  }
  return out;
}

export const s16Bytes = (samples: Float32Array): Buffer => {
  const bytes = Buffer.alloc(2 * samples.length);
  samples.forEach((sample, i) => {
    bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 2 * i);
  });
  return bytes;
};

/** Writes the song as s16le at 16 kHz and answers the file's path. */
export function songFile(folder: string): string {
  const path = join(folder, 'song.raw');
  writeFileSync(path, s16Bytes(song));
  return path;
}

const PIECE = 1_600;

/** Likeness in [-1, 1] of 100 ms of `heard` from `at` with the song (over and over) from `place`. */
export function likenessAt(heard: Float32Array, at: number, place: number): number {
  let [product, a, b] = [0, 0, 0];
  const from = ((place % SONG_SAMPLES) + SONG_SAMPLES) % SONG_SAMPLES;
  for (let i = 0; i < PIECE; i += 1) {
    const x = heard[at + i] ?? 0;
    const y = song[(from + i) % SONG_SAMPLES]!;
    product += x * y;
    a += x * x;
    b += y * y;
  }
  return a === 0 || b === 0 ? 0 : product / Math.sqrt(a * b);
}

export interface Place {
  /** Sample of the song. */
  readonly place: number;
  readonly likeness: number;
}

/** Where in the song 100 ms of `heard` stand: anywhere, or at most `reach` samples from a place. */
export function placeOf(
  heard: Float32Array,
  at: number,
  near?: { readonly place: number; readonly reach: number },
): Place {
  const [from, to] = near ? [near.place - near.reach, near.place + near.reach + 1] : [0, SONG_SAMPLES];
  let best: Place = { place: from, likeness: -1 };
  const step = near ? 1 : 2; // the song has nothing above 3 kHz: two samples on it is still much alike
  for (let place = from; place < to; place += step) {
    const likeness = likenessAt(heard, at, place);
    if (likeness > best.likeness) best = { place, likeness };
  }
  return near ? best : placeOf(heard, at, { place: best.place, reach: 3 });
}
