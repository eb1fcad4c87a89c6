import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Decoded } from './glide.js';

/** Makes media with ffmpeg (Debian's). */
export function ffmpeg(...parameters: string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A WAV file of tones: each a pitch in hertz with when it begins and ends, in seconds; one channel, 16 kHz. */
export function tones(folder: string, name: string, seconds: number, notes: readonly Note[]): string {
  const path = join(folder, name);
  const sum = notes.map(({ hertz, from, to }) => `0.3*sin(2*PI*${hertz}*t)*between(t\\,${from}\\,${to})`).join('+');
  ffmpeg('-f', 'lavfi', '-i', `aevalsrc=${sum}:s=16000:d=${seconds}`, path);
  return path;
}

export interface Note {
  readonly hertz: number;
  readonly from: number;
  readonly to: number;
}

/** Amplitude of a pitch in a stretch of decoded audio, 0..1. */
export function amplitude({ samples }: Pick<Decoded, 'samples'>, hertz: number, from: number, to: number): number {
  let [real, imaginary] = [0, 0];
  const [start, end] = [Math.round(from * 16_000), Math.round(to * 16_000)];
  for (let i = start; i < end; i += 1) {
    const angle = (2 * Math.PI * hertz * i) / 16_000;
    real += (samples[i] ?? 0) * Math.cos(angle);
    imaginary += (samples[i] ?? 0) * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / (end - start);
}

/** That a tone is there in the middle of its time, and neither before nor after. */
export function expectNote(decoded: Decoded, { hertz, from, to }: Note): void {
  const name = `${hertz} Hz from ${from} to ${to} s`;
  expect(amplitude(decoded, hertz, from + 0.1, to - 0.1), name).toBeGreaterThan(0.05);
  if (from >= 0.5) expect(amplitude(decoded, hertz, from - 0.4, from - 0.1), `before ${name}`).toBeLessThan(0.01);
  expect(amplitude(decoded, hertz, to + 0.1, to + 0.4), `after ${name}`).toBeLessThan(0.01);
}
