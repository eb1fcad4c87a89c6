import { type Recommendation, recommendModels, type TriedModel } from '../../lab/recommendModels.js';
import type { Command } from '../command.js';
import { storeFolder } from '../options/storeFolder.js';
import { nameOf } from '../output/modelSummary.js';
import { printResult, remark, table } from '../output/output.js';
import { ProgressBar } from '../output/progressBar.js';

/** With fewer pairs of one person, or fewer people, which model is ahead is mostly chance. */
const ENOUGH = { targets: 30, people: 8 };

export const modelsRecommend: Command = {
  name: 'models recommend',
  summary: 'Try the speaker models that are present on recordings of your own people, and say which is best',
  operands: 'FOLDER',
  arity: [1, 1],
  options: {},
  example: `voice-prints models recommend ./people`,
  notes: `FOLDER has a folder per person, with recordings of that person alone: two or more of each, best of different days, at least eight
people. Of somebody's only recording the halves are compared, which flatters every model. Nothing is changed and nothing is
kept. CPU is the processor time of one core per second of audio, speech detection included, on this machine as it is now.`,
  async run(args, terminal) {
    using bar = new ProgressBar(args, terminal);
    const found = await recommendModels({
      folder: args.positionals[0]!,
      storeDirectory: storeFolder(args, terminal.env),
      signal: terminal.signal,
      onProgress: (done, total) => bar.count('recordings', done, total),
    });
    bar[Symbol.dispose]();
    const rows = found.tried.map((one) => [
      nameOf(one.model) + (one.isInUse ? ' (in use)' : ''),
      `${one.eerPercent.toFixed(1)} %`,
      one.minCllr.toFixed(3),
      one.realTimeFactor.toFixed(3),
    ]);
    const text = table([['MODEL', 'EQUAL ERROR', 'MINIMUM CLLR', 'CPU'], ...rows]);
    printResult(args, terminal, answerOf(found), `${text}\n${adviceOf(found)}`);
    if (found.skipped > 0)
      remark(args, terminal, `${found.skipped} files have no speech that could be read; they were left out.`);
  },
};

function adviceOf({ tried, people, targets, nontargets }: Recommendation): string {
  const [best] = tried as [TriedModel];
  const pairs = `${people} people, ${targets} pairs of one person and ${nontargets} of two`;
  const current = tried.find(({ isInUse }) => isInUse);
  const isFew = targets < ENOUGH.targets || people < ENOUGH.people;
  const caution = isFew ? ' So few say little: give more people and recordings before you change the model.' : '';
  if (!current || best === current) return `${nameOf(best.model)} is the best here (${pairs}).${caution}`;
  if (best.eerPercent === current.eerPercent) return `No model is better than the one in use (${pairs}).${caution}`;
  const how = `voice-prints models use ${nameOf(best.model)}, then calibrate`;
  return `${nameOf(best.model)} is the best here (${pairs}): ${how}.${caution}`;
}

const answerOf = ({ tried, ...counts }: Recommendation) => ({
  ...counts,
  best: nameOf(tried[0]!.model),
  models: tried.map(({ model, ...figures }) => ({ id: nameOf(model), model: model.id, ...figures })),
});
