import type { Recording } from '../../audio/recording.js';

/** All samples of a short recording, mono 16 kHz, shape (n,); disposes it. */
export async function wholeRecording(opened: Recording): Promise<Float32Array<ArrayBuffer>> {
  await using recording = opened;
  const frames: Float32Array[] = [];
  for await (const { samples } of recording.frames()) frames.push(samples);
  const out = new Float32Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    out.set(frame, at);
    at += frame.length;
  }
  return out;
}
