import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cllr, eerPercent, minCllr, type Trials } from '../../evaluation/detectionMetrics.js';
import { VoicePrintsError } from '../../index.js';
import { calibrateOwn, keepCalibration, type OwnCalibration } from '../../lab/calibrateOwn.js';
import type { Command } from '../command.js';
import { hasFlag, textOption } from '../options/parseCommandLine.js';
import { storeFolder } from '../options/storeFolder.js';
import { detSvg, reliabilitySvg, scoresSvg } from '../output/calibrationPlots.js';
import { printResult, remark, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';
import { writeWhole } from '../output/writeWhole.js';

const DEFAULT_FOLDER = 'voice-prints-calibration';

export const calibrate: Command = {
  name: 'calibrate',
  summary: 'Fit the scores to recordings of your own, and draw what that gains',
  operands: 'MANIFEST',
  arity: [1, 1],
  options: {
    out: { value: 'DIR', about: `Folder for the plots and the fit (default ${DEFAULT_FOLDER})` },
    write: { about: 'Use the fit from now on: keep it in the store, in place of the calibration of the model' },
  },
  example: `voice-prints calibrate people.jsonl --out curves
voice-prints calibrate people.jsonl --write`,
  notes: `MANIFEST is that of eval verify: eight people or more with some 20 s of speech each, best of two sessions. They are tried
as recorded, over a telephone line and in noisy rooms. "before" and "after" are measured on people that the fit has not
heard, each half by a fit to the other; Cllr is 0 for perfect scores and 1 for scores that say nothing.
With --write, delete calibration-MODEL.json in the store to go back to the calibration of the model.`,
  async run(args, terminal) {
    const storeDirectory = storeFolder(args, terminal.env);
    using bar = new ProgressBar(args, terminal);
    const fitted = await calibrateOwn({
      manifestPath: args.positionals[0]!,
      model: textOption(args, 'model'),
      storeDirectory,
      signal: terminal.signal,
      onProgress: (done, total) => bar.count('people', done, total),
    });
    bar[Symbol.dispose]();
    const files = await writeFiles(resolve(textOption(args, 'out') ?? DEFAULT_FOLDER), fitted);
    if (hasFlag(args, 'write')) files.push(await keepCalibration(storeDirectory, fitted));
    const [before, after] = [figures(fitted.before), figures(fitted.after)];
    const answer = { model: fitted.model.id, people: fitted.people, before, after, files };
    const row = (name: string, of: (values: typeof before) => string) => [name, of(before), of(after)];
    const text = table([
      [`${fitted.people} people`, 'BEFORE', 'AFTER'],
      row('Cllr', (values) => values.cllr.toFixed(3)),
      row('minimum Cllr', (values) => values.minCllr.toFixed(3)),
      row('equal error rate', (values) => `${values.eerPercent.toFixed(2)} %`),
    ]);
    printResult(args, terminal, answer, `${text}\n${files.join('\n')}`);
    if (!hasFlag(args, 'write')) remark(args, terminal, 'Nothing was changed; --write puts the fit in use.');
  },
};

const figures = (trials: Trials) => ({
  cllr: cllr(trials),
  minCllr: minCllr(trials),
  eerPercent: eerPercent(trials),
});

/** Paths of what was written. */
async function writeFiles(folder: string, { model, calibration, before, after }: OwnCalibration): Promise<string[]> {
  const contents = {
    'calibration.json': `${JSON.stringify({ model: model.id, calibration }, null, 2)}\n`,
    'scores.svg': scoresSvg(before, after),
    'det.svg': detSvg(before, after),
    'reliability.svg': reliabilitySvg(before, after),
  };
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new VoicePrintsError(
      'FILE_UNWRITABLE',
      `the folder ${folder} cannot be made (${code}); choose another --out`,
      {
        cause,
      },
    );
  }
  const files = Object.entries(contents).map(([name, content]) => ({ path: join(folder, name), content }));
  for (const { path, content } of files) await writeWhole(path, content);
  return files.map(({ path }) => path);
}
