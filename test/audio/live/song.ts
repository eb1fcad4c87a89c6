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

const PIECE_SAMPLES = 1_600;
/** Twice, so that pieces over the end need no arithmetic. */
const endless = Float32Array.from({ length: 2 * SONG_SAMPLES }, (_, i) => song[i % SONG_SAMPLES]!);

/** Likeness in [-1, 1] of 100 ms of `heard` from `at` with the song (over and over) from `place`. */
export function likenessAt(heard: Float32Array, at: number, place: number, step = 1): number {
  let [product, a, b] = [0, 0, 0];
  const from = ((place % SONG_SAMPLES) + SONG_SAMPLES) % SONG_SAMPLES;
  for (let i = 0; i < PIECE_SAMPLES; i += step) {
    const x = heard[at + i] ?? 0;
    const y = endless[from + i]!;
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

/** Where in the song 100 ms of `heard` stand, at most `reach` samples from a place. */
export function placeNear(heard: Float32Array, at: number, near: number, reach: number, step = 1): Place {
  let best: Place = { place: near, likeness: -1 };
  for (let place = near - reach; place <= near + reach; place += step) {
    const likeness = likenessAt(heard, at, place, 2 * step * step);
    if (likeness > best.likeness) best = { place, likeness };
  }
  return best;
}

/** Where in the song 100 ms of `heard` stand: the song has nothing above 3 kHz, so a coarse look finds the place. */
export function placeOf(heard: Float32Array, at: number): Place {
  const half = SONG_SAMPLES / 2;
  return placeNear(heard, at, placeNear(heard, at, half, half, 2).place, 4);
}

/** How the rest of a stream lies to its song, once it is known where one piece of it stands. */
export interface Alignment {
  /** Sample of the song at sample 0 of the stream. */
  readonly offset: number;
  /** Of every 100 ms looked at: how far it lies from where it should, and how like the song it is there. */
  readonly pieces: readonly { readonly shift: number; readonly likeness: number }[];
}

/** @param from first sample that is looked at; @param to and the end, both of the stream */
export function alignmentOf(heard: Float32Array, from: number, to: number): Alignment {
  const offset = placeOf(heard, from).place - from;
  const pieces: { shift: number; likeness: number }[] = [];
  for (let at = from; at + PIECE_SAMPLES <= to; at += PIECE_SAMPLES) {
    const { place, likeness } = placeNear(heard, at, at + offset, 40);
    pieces.push({ shift: place - at - offset, likeness });
  }
  return { offset, pieces };
}
