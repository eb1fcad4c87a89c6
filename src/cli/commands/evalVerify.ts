import { verifyModel } from '../../lab/verifyModel.js';
import type { Command } from '../command.js';
import { numberOption, textOption } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { printResult, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

export const evalVerify: Command = {
  name: 'eval verify',
  summary: 'Measure how well the model separates speakers: every utterance against every other',
  operands: 'MANIFEST',
  arity: [1, 1],
  options: { seconds: { value: 'N', about: 'Only the middle N seconds of each utterance (default: all of it)' } },
  example: 'voice-prints eval verify people.jsonl --seconds 2',
  notes: `MANIFEST holds a JSON object per line: {"speaker": "a", "file": "a/1.flac"}; files are relative to it. Optional: "start"
and "end" in seconds, and "session": then two utterances of one person count only across sessions.`,
  async run(args, terminal) {
    using bar = new ProgressBar(args, terminal);
    const result = await verifyModel({
      manifestPath: args.positionals[0]!,
      model: textOption(args, 'model'),
      place: storePlace(args, terminal.env),
      seconds: numberOption(args, 'seconds', { least: 0.5, most: 3_600 }),
      signal: terminal.signal,
      onProgress: (done, total) => bar.count('utterances', done, total),
    });
    bar[Symbol.dispose]();
    const rows = [
      ['utterances', `${result.utterances} of ${result.speakers} people`],
      ['pairs', `${result.targets} of one person, ${result.nontargets} of two`],
      ['equal error rate', `${result.eerPercent.toFixed(2)} %`],
      ['minDCF, prior .01', result.minDcf01.toFixed(3)],
      ['minDCF, prior .001', result.minDcf001.toFixed(3)],
      ['Cllr', result.cllr === null ? 'this model is not calibrated' : result.cllr.toFixed(3)],
      ['minimum Cllr', result.minCllr.toFixed(3)],
    ];
    printResult(args, terminal, result, table(rows));
  },
};
