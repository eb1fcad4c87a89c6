import type { CalibrationParameters } from '../../../src/core/calibration.js';
import { unit } from '../../../src/core/vector.js';
import type { AnalysedSample } from '../../../src/engine/enrolment/analyseSample.js';

export const DIMENSIONS = 16;

/** llr = 10 × cosine - 5: zero at a cosine of .5. */
export const PLAIN_CALIBRATION: CalibrationParameters = {
  offset: -5,
  cosine: 10,
  logSeconds: 0,
  cosineLogSeconds: 0,
  narrowBand: 0,
  falseAcceptLlr: { '0.1': 3, '1': 2, '5': 1 },
  source: 'made for tests',
};

/** A direction of its own for each person; `drift` turns it a little towards another, so that no two are equal. */
export function voice(person: number, drift = 0): Float32Array<ArrayBuffer> {
  const values = new Float32Array(DIMENSIONS);
  values[person] = 1;
  values[DIMENSIONS - 1 - (person % 4)]! += drift;
  return unit(values);
}

/** A good sample of 8 s of speech by person 0, but for what is given. */
export function analysedSample(different: Partial<AnalysedSample> = {}): AnalysedSample {
  return {
    file: 'sample 1',
    audioMs: 10_000,
    speechMs: 8_000,
    snrDb: 30,
    clippedShare: 0,
    bandwidthHz: 7_500,
    peakDb: -6,
    dcOffset: 0,
    isNarrowBand: false,
    embedding: voice(0),
    secondVoice: undefined,
    ...different,
  };
}
