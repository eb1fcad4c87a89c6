import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { G722Decoder } from '../../../src/audio/sip/codecs/g722.js';

/** What FFmpeg's decoder makes of the codewords, as 16-bit integers. */
function decodedByFfmpeg(codewords: Uint8Array): Int16Array {
  const folder = mkdtempSync(join(tmpdir(), 'g722-'));
  try {
    const [encoded, raw] = [join(folder, 'a.g722'), join(folder, 'a.raw')];
    writeFileSync(encoded, codewords);
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'g722', '-i', encoded, '-f', 's16le', raw]);
    const bytes = readFileSync(raw);
    return Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function encodedByFfmpeg(input: readonly string[]): Uint8Array {
  const args = ['-v', 'error', ...input, '-ar', '16000', '-ac', '1', '-c:a', 'g722', '-f', 'g722', '-'];
  return new Uint8Array(execFileSync('ffmpeg', args, { maxBuffer: 10_000_000 }));
}

/** Codewords as no encoder makes them: every state of the decoder is visited. */
function noise(count: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

test.each([
  { name: 'a sweep', codewords: () => encodedByFfmpeg(['-f', 'lavfi', '-i', "aevalsrc='0.8*sin(600*t*t)':d=5"]) },
  { name: 'full-scale noise', codewords: () => encodedByFfmpeg(['-f', 'lavfi', '-i', 'anoisesrc=d=3:a=1:seed=7']) },
  { name: 'silence', codewords: () => encodedByFfmpeg(['-f', 'lavfi', '-i', 'anullsrc=r=16000:d=1']) },
  { name: 'codewords at random', codewords: () => noise(80_000) },
])('G.722: $name decodes to the bit as FFmpeg does, in packets of any size', ({ codewords }) => {
  const bytes = codewords();
  const expected = decodedByFfmpeg(bytes);
  const decoder = new G722Decoder();
  const heard = new Int16Array(2 * bytes.length);
  for (let at = 0, size = 1; at < bytes.length; at += size, size = 1 + ((size * 7) % 331)) {
    heard.set(
      decoder.decode(bytes.subarray(at, at + size)).map((value) => value * 32_768),
      2 * at,
    );
  }
  expect(expected.length).toBeGreaterThan(10_000);
  expect(heard.length).toBe(expected.length);
  expect(heard.findIndex((value, i) => value !== expected[i])).toBe(-1);
});
