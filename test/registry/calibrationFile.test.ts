import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CalibrationParameters } from '../../src/core/calibration.js';
import {
  calibrationPath,
  calibrationText,
  readCalibration,
  writeCalibration,
} from '../../src/registry/calibrationFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const model = { id: 'a model@0123456789ab', dimensions: 2, sha256: 'ab' };
const calibration: CalibrationParameters = {
  offset: -5,
  cosine: 12,
  logSeconds: 0.5,
  cosineLogSeconds: 0,
  narrowBand: -1,
  meanVoice: [0.6, 0.1],
  falseAcceptLlr: { '0.1': 4, '1': 2, '5': 0.5 },
  source: 'a test',
};

test('comes back as it was kept, beside the voiceprints, in a folder made for it', async () => {
  const store = join(await temporaryFolder(), 'store');
  expect(await readCalibration(store, model)).toBeUndefined();
  const path = await writeCalibration(store, model, calibration);
  expect(path).toBe(join(store, 'calibration-a_model@0123456789ab.json'));
  expect(await readCalibration(store, model)).toEqual(calibration);
  expect(await readCalibration(store, { ...model, id: 'another' })).toBeUndefined();
});

const good = JSON.parse(calibrationText(model, calibration));
test.each([
  { name: 'cut off', text: calibrationText(model, calibration).slice(0, 80) },
  { name: 'another form', text: JSON.stringify({ ...good, format: 'soup' }) },
  { name: 'a newer version', text: JSON.stringify({ ...good, version: 2 }) },
  { name: 'a file of the same name', text: JSON.stringify({ ...good, sha256: 'cd' }) },
  { name: 'another number of dimensions', text: calibrationText(model, { ...calibration, meanVoice: [1] }) },
  { name: 'no number', text: JSON.stringify({ ...good, calibration: { ...calibration, cosine: null } }) },
])('refused with a remedy: $name', async ({ text }) => {
  const store = await temporaryFolder();
  writeFileSync(calibrationPath(store, model), text);
  await expect(readCalibration(store, model)).rejects.toMatchObject({
    code: 'REGISTRY_CORRUPT',
    message: expect.stringContaining('delete it'),
  });
  expect(readFileSync(calibrationPath(store, model), 'utf8')).toBe(text);
});
