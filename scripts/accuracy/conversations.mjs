// Diarization error on real conversations, the built engine beside sherpa-onnx with the same networks:
//   node scripts/accuracy/conversations.mjs [--segmentation ID|FILE|off] [--model ID|FILE] [--only ours|peer] [--threshold .5 | --known-count] [--verbose] [--out FOLDER]
// Measures every mono recording of the corpus' conversations; nobody is enrolled. The peer is the npm package sherpa-onnx-node
// with its published defaults; --threshold is the distance at which its clustering stops;
// with --known-count it gets the true number of voices of each recording instead, which leaves the segmentation to be compared.
// With --out the answers are written as FOLDER/WHO/NAME.rttm.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { wholeRecording } from '../../dist/src/engine/recording/wholeRecording.js';
import { diarizationErrorOf, diarizationPercent } from '../../dist/src/evaluation/diarizationError.js';
import { formatRttm, parseRttm } from '../../dist/src/evaluation/rttm.js';
import { ModelStore } from '../../dist/src/inference/modelStore.js';
import { corpusFolder, openFile } from './speakerModel.mjs';

const COLLARS_MS = [0, 250];

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    segmentation: { type: 'string' },
    only: { type: 'string' },
    threshold: { type: 'string', default: '.5' },
    'known-count': { type: 'boolean', default: false },
    out: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const folder = join(corpusFolder, 'conversations');
const recordings = readFileSync(join(folder, 'manifest.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
  .filter(({ channels }) => channels === 1);

if (values.only !== 'peer') await measure('ours', await ourDiarizer());
if (values.only !== 'ours') await measure('peer', await peerDiarizer());

/** The engine without anybody enrolled: path -> segments of the recording's voices. */
async function ourDiarizer() {
  const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
  const engine = await createEngine({
    storeDirectory,
    workerThreads: 1,
    ...(values.segmentation ? { segmentation: values.segmentation } : {}),
    ...(values.model ? { model: values.model } : {}),
  });
  return {
    async diarize(path) {
      const { segments } = await engine.identify({ source: { kind: 'file', path } });
      return segments.map(({ start, end, cluster }) => ({ start, end, label: cluster }));
    },
    async close() {
      await engine[Symbol.asyncDispose]();
      rmSync(storeDirectory, { recursive: true, force: true });
    },
  };
}

/** sherpa-onnx's offline speaker diarization on one thread. */
async function peerDiarizer() {
  const { OfflineSpeakerDiarization } = createRequire(import.meta.url)('sherpa-onnx-node');
  const store = await ModelStore.open();
  const speaker = await store.resolve(values.model);
  const segmentation = await store.resolveSegmentation(values.segmentation);
  if (!segmentation) throw new Error('sherpa-onnx needs a segmentation model');
  const threshold = Number(values.threshold);
  const diarization = new OfflineSpeakerDiarization({
    segmentation: { pyannote: { model: segmentation.path }, numThreads: 1 },
    embedding: { model: speaker.path, numThreads: 1 },
    clustering: { numClusters: -1, threshold },
    minDurationOn: 0.3,
    minDurationOff: 0.5,
  });
  return {
    async diarize(path, voices) {
      if (values['known-count']) diarization.setConfig({ clustering: { numClusters: voices, threshold } });
      const samples = await wholeRecording(await openFile(path));
      return diarization.process(samples).map(({ start, end, speaker: label }) => ({ start, end, label: `${label}` }));
    },
    async close() {},
  };
}

async function measure(who, diarizer) {
  const answers = [];
  let seconds = 0;
  const before = process.cpuUsage();
  try {
    for (const { file, rttm, minutes } of recordings) {
      const truth = parseRttm(readFileSync(join(folder, rttm), 'utf8'));
      const turns = await diarizer.diarize(join(folder, file), voicesOf(truth));
      const name = basename(file, extname(file));
      answers.push({ name, truth, turns });
      seconds += minutes * 60;
      if (values.out) {
        mkdirSync(join(values.out, who), { recursive: true });
        writeFileSync(join(values.out, who, `${name}.rttm`), formatRttm(name, turns));
      }
      if (values.verbose) {
        console.log(
          `  ${name}: ${described([{ truth, turns }], 250)}, ${voicesOf(turns)} voices of ${voicesOf(truth)}`,
        );
      }
    }
  } finally {
    await diarizer.close();
  }
  const { user, system } = process.cpuUsage(before);
  for (const collarMs of COLLARS_MS)
    console.log(`${who}, collar ${collarMs / 1000} s: ${described(answers, collarMs)}`);
  console.log(
    `${who}: ${answers.length} recordings, ${(seconds / 60).toFixed(1)} min, CPU ${((user + system) / 1e6 / seconds).toFixed(4)} of real time`,
  );
}

function voicesOf(segments) {
  return new Set(segments.map(({ label }) => label)).size;
}

function described(answers, collarMs) {
  const percent = diarizationPercent(answers.map(({ truth, turns }) => diarizationErrorOf(truth, turns, { collarMs })));
  const { derPercent, missedPercent, falseAlarmPercent, confusionPercent } = percent;
  const parts = [missedPercent, falseAlarmPercent, confusionPercent].map((value) => value.toFixed(1)).join(' / ');
  return `DER ${derPercent.toFixed(1)} % (missed / false alarm / confusion ${parts})`;
}
