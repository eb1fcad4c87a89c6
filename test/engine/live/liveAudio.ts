import { execFileSync } from 'node:child_process';
import type { LiveEvent, LiveItem, LiveTurn } from '../../../src/core/live.js';

/** Mono 16 kHz samples of a WAV file, whatever its header says of its length. */
export function samplesOf(path: string): Float32Array<ArrayBuffer> {
  const bytes = execFileSync('sox', [path, '-t', 'raw', '-r', '16000', '-c', '1', '-b', '16', '-e', 'signed', '-'], {
    maxBuffer: 2 ** 28,
  });
  return Float32Array.from(
    new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
    (v) => v / 32768,
  );
}

/** Seconds of nothing but a faint hiss. */
export const pause = (seconds: number) =>
  Float32Array.from({ length: Math.round(seconds * 16_000) }, (_, i) => 1e-4 * Math.sin(i * i));

export function joined(...pieces: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** The items of a source that gives `samples` in frames of 20 ms, as fast as they are taken. */
export async function* liveItems(samples: Float32Array, startSample = 0): AsyncGenerator<LiveItem> {
  for (let at = 0; at < samples.length; at += 320) {
    const frame = { samples: samples.slice(at, at + 320), sampleRateHz: 16_000, startSample: startSample + at };
    yield { type: 'audio', frame };
  }
}

export async function collected(events: AsyncIterable<LiveEvent>): Promise<LiveEvent[]> {
  const all: LiveEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export const turnsOf = (events: readonly LiveEvent[]): LiveTurn[] =>
  events.flatMap((event) => (event.type === 'turn' ? [event.turn] : []));
export const finalsOf = (events: readonly LiveEvent[]): LiveTurn[] => turnsOf(events).filter(({ isFinal }) => isFinal);
