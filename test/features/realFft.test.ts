import { expect, test } from 'vitest';
import { RealFft } from '../../src/core/realFft.js';

/** |X[k]|² by the definition. */
function definition(input: Float64Array, k: number): number {
  let re = 0;
  let im = 0;
  input.forEach((value, n) => {
    re += value * Math.cos((2 * Math.PI * k * n) / input.length);
    im -= value * Math.sin((2 * Math.PI * k * n) / input.length);
  });
  return re * re + im * im;
}

test.each([32, 128, 512, 2048])('%i points give the power spectrum of the definition', (size) => {
  const fft = new RealFft(size);
  let state = 11;
  for (let i = 0; i < size; i += 1) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    fft.input[i] = state / 2 ** 31 - 1;
  }
  const before = fft.input.slice();
  const power = new Float64Array(size / 2 + 1);
  fft.powerSpectrum(power);
  for (let k = 0; k <= size / 2; k += 1) {
    expect(Math.abs(power[k]! - definition(fft.input, k)) / size).toBeLessThan(1e-9);
  }
  expect(fft.input).toEqual(before);
  const again = new Float64Array(size / 2 + 1);
  fft.powerSpectrum(again);
  expect(again).toEqual(power);
});

test.each([0, 2, 8, 64, 100, 256, 500])('%i points are refused', (size) => {
  expect(() => new RealFft(size)).toThrow(RangeError);
});
