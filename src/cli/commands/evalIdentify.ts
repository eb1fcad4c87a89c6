import { PRESETS } from '../../evaluation/openSet.js';
import { identifyModel } from '../../lab/identifyModel.js';
import type { Command } from '../command.js';
import { numberOption, textOption } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { printResult, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

export const evalIdentify: Command = {
  name: 'eval identify',
  summary: 'Measure how well voices are named and strangers are not: half of the people enrolled',
  operands: 'MANIFEST',
  arity: [1, 1],
  options: {
    gallery: { value: 'N', about: 'Enrol N people (default: half of them)' },
    seconds: { value: 'N', about: 'Speech in each probe, e.g. 1, 2, 3, 5, 10 (default: an utterance)' },
  },
  example: 'voice-prints eval identify people.jsonl --gallery 20 --seconds 3',
  notes: `MANIFEST is that of eval verify. Each person enrolled has three samples of 4 s or more; probes come from other sessions where
the manifest has any. Ten splits into enrolled people and strangers, the same in every run.
FPIR: share of strangers who are named. FNIR: share of probes of enrolled people that are not named, or wrongly.
"falseAcceptAtPreset": percent of strangers named here at the presets .1, 1 and 5 %.`,
  async run(args, terminal) {
    using bar = new ProgressBar(args, terminal);
    const result = await identifyModel({
      manifestPath: args.positionals[0]!,
      model: textOption(args, 'model'),
      place: storePlace(args, terminal.env),
      gallery: numberOption(args, 'gallery', { least: 2, most: 10_000, isWhole: true }),
      seconds: numberOption(args, 'seconds', { least: 0.75, most: 60 }),
      signal: terminal.signal,
      onProgress: (done, total) => bar.count('utterances', done, total),
    });
    bar[Symbol.dispose]();
    const percent = (value: number) => `${value.toFixed(2)} %`;
    const rows = [
      ['enrolled', `${result.gallery} of ${result.speakers} people`],
      ['probes', `${result.enrolledTrials} of people enrolled, ${result.strangerTrials} of strangers`],
      ['not named at FPIR 1 %', percent(result.fnirAtFpir1Percent)],
      ['not named at FPIR 5 %', percent(result.fnirAtFpir5Percent)],
      ['best is right', percent(result.rank1Percent)],
      ...PRESETS.map((preset) => [
        `preset ${preset} %`,
        `strangers named ${percent(result.falseAcceptAtPreset[preset])}, people named rightly ${percent(result.namedAtPreset[preset])}, wrongly ${percent(result.misnamedAtPreset[preset])}`,
      ]),
      ['Cllr', result.cllr === null ? 'this model is not calibrated' : result.cllr.toFixed(3)],
      ['minimum Cllr', result.minCllr.toFixed(3)],
    ];
    printResult(args, terminal, result, table(rows));
  },
};
