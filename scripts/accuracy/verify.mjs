// Equal error rates on the development manifests: node scripts/accuracy/verify.mjs [--model ID|FILE] [MANIFEST …]
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluateVerification } from '../../dist/src/lab/evaluateVerification.js';
import { corpusFolder, openCompute, openFile } from './speakerModel.mjs';

const { values, positionals } = parseArgs({ options: { model: { type: 'string' } }, allowPositionals: true });
const manifests =
  positionals.length > 0
    ? positionals
    : ['dev-learner', 'dev-telephone-calls'].map((name) => join(corpusFolder, `${name}.jsonl`));
const compute = await openCompute(values.model);
console.log(`model ${compute.model.id}`);
for (const manifestPath of manifests) {
  for (const seconds of [undefined, 2]) {
    const result = await evaluateVerification({
      manifestPath,
      seconds,
      compute,
      openRecording: openFile,
      signal: new AbortController().signal,
    });
    const { eerPercent, minDcf01, minDcf001, cllr, minCllr, targets, nontargets } = result;
    const figures = [
      eerPercent.toFixed(2),
      minDcf01.toFixed(3),
      minDcf001.toFixed(3),
      cllr?.toFixed(3) ?? '–',
      minCllr.toFixed(3),
    ];
    console.log(
      `${basename(manifestPath)} ${seconds ?? 'whole'}: EER ${figures[0]} %, minDCF(.01) ${figures[1]}, minDCF(.001) ${figures[2]}, Cllr ${figures[3]}, minCllr ${figures[4]} (${targets} targets, ${nontargets} nontargets)`,
    );
  }
}
await compute[Symbol.asyncDispose]();
