import { type BenchResult, benchStages } from '../../lab/benchStages.js';
import type { Command } from '../command.js';
import { numberOption, textOption } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { printResult, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

export const bench: Command = {
  name: 'bench',
  summary: 'Measure the CPU time of each stage on this machine',
  operands: 'FILE',
  arity: [1, 1],
  options: {
    rounds: { value: 'N', about: 'Report the fastest of N rounds (default 3)' },
    sherpa: { value: 'DIR', about: 'Folder where sherpa-onnx-node is installed, to compare with (default: this one)' },
  },
  example: 'voice-prints bench meeting.wav --json',
  notes: `FILE is a recording of speech, a minute or longer. Each stage runs alone, on one thread; the real-time factor is the
share of one core that it needs while audio arrives. Where sherpa-onnx-node is installed (npm install sherpa-onnx-node),
its extractor processes the same windows with the same model.`,
  async run(args, terminal) {
    using bar = new ProgressBar(args, terminal);
    const result = await benchStages({
      path: args.positionals[0]!,
      model: textOption(args, 'model'),
      place: storePlace(args, terminal.env),
      rounds: numberOption(args, 'rounds', { least: 1, most: 100, isWhole: true }) ?? 3,
      peerFolder: textOption(args, 'sherpa'),
      signal: terminal.signal,
      onRound: (done, total) => bar.count('rounds', done, total),
    });
    bar[Symbol.dispose]();
    printResult(args, terminal, result, textOf(result));
  },
};

function textOf({
  audioSeconds,
  windows,
  model,
  rounds,
  stages,
  realTimeFactor,
  cpuOfSherpaOnnx,
}: BenchResult): string {
  const rows = stages.map((one) => [one.stage, one.cpuSeconds.toFixed(3), one.realTimeFactor.toFixed(5)]);
  const peer =
    cpuOfSherpaOnnx === null
      ? ''
      : `\nFeatures and embedding take ${cpuOfSherpaOnnx.toFixed(2)} of the CPU of sherpa-onnx.`;
  return `${audioSeconds.toFixed(0)} s of audio, ${windows} windows, model ${model}, fastest of ${rounds} rounds

${table([['STAGE', 'CPU S', 'REAL-TIME FACTOR'], ...rows, ['all', '', realTimeFactor.toFixed(5)]])}
${peer}`.trimEnd();
}
