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

const model = { id: 'a model@0123456789ab', sha256: 'ab' };
const calibration: CalibrationParameters = {
  offset: -5,
  cosine: 12,
  logSeconds: 0.5,
  cosineLogSeconds: 0,
  narrowBand: -1,
  voiceLogSeconds: -0.3,
  centring: 2,
  gallerySlope: 0.4,
  mostSeconds: 12,
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
  { name: 'a newer version', text: JSON.stringify({ ...good, version: 3 }) },
  { name: 'a file of the same name', text: JSON.stringify({ ...good, sha256: 'cd' }) },
  {
    name: 'terms of 0.1 in the form of today',
    text: JSON.stringify({ ...good, calibration: { ...calibration, meanVoice: [1] } }),
  },
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

test('one that 0.1 kept is read without its likeness to a mean voice, whose usual value goes into the offset', async () => {
  const store = await temporaryFolder();
  const { voiceLogSeconds: _, centring: __, gallerySlope: ___, mostSeconds: ____, ...kept } = calibration;
  const earlier = { ...kept, meanVoice: [0.6, 0.1], probeTypicality: -40, voiceTypicality: 20 };
  writeFileSync(calibrationPath(store, model), JSON.stringify({ ...good, version: 1, calibration: earlier }));
  const read = await readCalibration(store, model);
  expect(read).toEqual({ ...kept, offset: expect.closeTo(-5 - 20 * 0.37, 9) });
  await writeCalibration(store, model, read!);
  expect(await readCalibration(store, model)).toEqual(read);
});
