import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cllr, eerPercent, minCllr, type Trials } from '../../evaluation/detectionMetrics.js';
import { VoicePrintsError } from '../../index.js';
import { calibrateOwn, dropCalibration, keepCalibration, type OwnCalibration } from '../../lab/calibrateOwn.js';
import type { Command } from '../command.js';
import { hasFlag, textOption, usageError } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { detSvg, reliabilitySvg, scoresSvg } from '../output/calibrationPlots.js';
import { printResult, remark, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';
import { writeWhole } from '../output/writeWhole.js';

const DEFAULT_FOLDER = 'voice-prints-calibration';

export const calibrate: Command = {
  name: 'calibrate',
  summary: 'Calibrate scores on your own recordings, and plot the gain',
  operands: 'MANIFEST|--off',
  arity: [0, 1],
  options: {
    out: { value: 'DIR', about: `Folder for the plots and the fit (default ${DEFAULT_FOLDER})` },
    write: { about: 'Keep the fit in the store and use it in place of the calibration of the model' },
    off: { about: "Return to the model's own calibration; without MANIFEST" },
  },
  example: `voice-prints calibrate people.jsonl --out curves
voice-prints calibrate people.jsonl --write
voice-prints calibrate --off`,
  notes: `MANIFEST is that of eval verify: eight people or more with some 20 s of speech each, best of two sessions. They are tried
as recorded, over a telephone line and in noisy rooms. "before" and "after" are measured on held-out people:
each half with a fit to the other half. Cllr is 0 for perfect scores and 1 for scores without information.
A fit that is not better there than the calibration in use is not written: --write then fails, and changes nothing.`,
  async run(args, terminal) {
    const place = storePlace(args, terminal.env);
    const [manifestPath] = args.positionals;
    if (hasFlag(args, 'off') !== (manifestPath === undefined)) {
      throw usageError('give either MANIFEST or --off; see voice-prints calibrate --help');
    }
    if (manifestPath === undefined) {
      const { model, wasThere } = await dropCalibration(place, textOption(args, 'model'));
      const text = wasThere ? 'was removed' : 'did not exist';
      const answer = { model: model.id, removed: wasThere };
      printResult(args, terminal, answer, `A calibration of your own ${text}; scores are those of ${model.id} itself.`);
      return;
    }
    using bar = new ProgressBar(args, terminal);
    const fitted = await calibrateOwn({
      manifestPath,
      model: textOption(args, 'model'),
      place,
      signal: terminal.signal,
      onProgress: (done, total) => bar.count('people', done, total),
    });
    bar[Symbol.dispose]();
    const files = await writeFiles(resolve(textOption(args, 'out') ?? DEFAULT_FOLDER), fitted);
    const [before, after] = [figures(fitted.before), figures(fitted.after)];
    if (hasFlag(args, 'write')) {
      if (after.cllr >= before.cllr) throw notBetter(before.cllr, after.cllr);
      files.push(await keepCalibration(place, fitted));
    }
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

const notBetter = (before: number, after: number): VoicePrintsError =>
  new VoicePrintsError(
    'INPUT_INVALID',
    `on held-out people the fit is no better than the calibration in use (Cllr ${before.toFixed(3)} before, ${after.toFixed(3)} after), which stays; give recordings of more people`,
    { details: { cllrBefore: before, cllrAfter: after } },
  );

const figures = (trials: Trials) => ({
  cllr: cllr(trials),
  minCllr: minCllr(trials),
  eerPercent: eerPercent(trials),
});

/** Paths of the written files. */
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
      `the folder ${folder} cannot be created (${code}); choose another --out`,
      {
        cause,
      },
    );
  }
  const files = Object.entries(contents).map(([name, content]) => ({ path: join(folder, name), content }));
  for (const { path, content } of files) await writeWhole(path, content);
  return files.map(({ path }) => path);
}
