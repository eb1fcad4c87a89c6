/** Triangular mel filters as two weights a frequency bin: every bin feeds at most two neighbouring bands. */
export interface MelBank {
  readonly bands: number;
  /** Bins with any weight are `firstBin` … `endBin` - 1. */
  readonly firstBin: number;
  readonly endBin: number;
  /** Band in which the bin rises, or `bands` where there is none, shape (bins,). It falls in the band before. */
  readonly risingBand: Uint16Array;
  /** Weight in the rising band, shape (bins,). */
  readonly risingWeight: Float64Array;
  /** Weight in the band before it, shape (bins,). */
  readonly fallingWeight: Float64Array;
}

export interface MelBankOptions {
  readonly bands: number;
  readonly fftSize: number;
  readonly sampleRateHz: number;
  readonly lowFrequencyHz: number;
  readonly highFrequencyHz: number;
}

/** Kaldi's mel scale (feat/mel-computations.h). */
export const melOfHz = (hz: number): number => 1127 * Math.log(1 + hz / 700);

/**
 * Kaldi's filters: triangles that are straight on the mel scale, their corners equally spaced from the lowest to the
 * highest frequency. The Nyquist bin gets no weight.
 */
export function melBank({ bands, fftSize, sampleRateHz, lowFrequencyHz, highFrequencyHz }: MelBankOptions): MelBank {
  const bins = fftSize / 2;
  const low = melOfHz(lowFrequencyHz);
  const step = (melOfHz(highFrequencyHz) - low) / (bands + 1);
  const risingBand = new Uint16Array(bins);
  const risingWeight = new Float64Array(bins);
  const fallingWeight = new Float64Array(bins);
  let firstBin = bins;
  let endBin = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const position = (melOfHz((bin * sampleRateHz) / fftSize) - low) / step;
    if (position <= 0 || position >= bands + 1) continue;
    // Corner j is at position j: between corners j and j + 1, band j rises and band j - 1 falls.
    const corner = Math.min(bands, Math.floor(position));
    risingBand[bin] = corner;
    risingWeight[bin] = corner < bands ? position - corner : 0;
    fallingWeight[bin] = corner > 0 ? corner + 1 - position : 0;
    firstBin = Math.min(firstBin, bin);
    endBin = bin + 1;
  }
  return { bands, firstBin, endBin, risingBand, risingWeight, fallingWeight };
}

/** Sums `power`, shape (fftSize / 2 + 1,), into `energies`; both ends have a spare band: shape (bands + 2,), band b at b + 1. */
export function melEnergies(bank: MelBank, power: Float64Array, energies: Float64Array): void {
  const { endBin, risingBand, risingWeight, fallingWeight } = bank;
  energies.fill(0);
  for (let bin = bank.firstBin; bin < endBin; bin += 1) {
    const value = power[bin]!;
    const band = risingBand[bin]!;
    energies[band]! += value * fallingWeight[bin]!;
    energies[band + 1]! += value * risingWeight[bin]!;
  }
}
