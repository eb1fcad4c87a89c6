import { expect, test } from 'vitest';
import { windowsOf } from '../../src/identity/windowsOf.js';

test.each([
  { name: 'shorter than a window', from: 1_000, length: 8_000, count: 1 },
  { name: 'exactly one window', from: 0, length: 24_000, count: 1 },
  { name: 'a little longer', from: 0, length: 24_001, count: 2 },
  { name: 'one hop longer', from: 500, length: 36_000, count: 2 },
  { name: 'half a minute', from: 0, length: 480_000, count: 39 },
])('windows over speech: $name', ({ from, length, count }) => {
  const windows = windowsOf({ startSample: from, endSample: from + length });
  expect(windows).toHaveLength(count);
  for (const [i, { startSample, endSample }] of windows.entries()) {
    expect(startSample).toBeGreaterThanOrEqual(from);
    expect(endSample).toBeLessThanOrEqual(from + length);
    expect(endSample - startSample).toBe(Math.min(24_000, length - (length % 1_600)));
    if (i > 0) expect(startSample - windows[i - 1]!.startSample).toBeLessThanOrEqual(12_001);
  }
  if (count > 1) expect(windows.at(-1)!.endSample).toBe(from + length);
});
