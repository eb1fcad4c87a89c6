// Names in conversations with the built engine:
//   node scripts/accuracy/dialogues.mjs [--model ID|FILE] [--segmentation ID|FILE|off] [--seed 3] [--count 8] [--out FOLDER] [learner telephone diarization]
// Makes the conversations with the corpus' own program (Python with numpy, scipy and soundfile; --python names it),
// enrols through the gate, identifies, and writes NAME.rttm (turns) and NAME.named.rttm (names) beside the truth, for checkDer.py.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { diarizationErrorOf, diarizationPercent } from '../../dist/src/evaluation/diarizationError.js';
import { formatRttm, parseRttm } from '../../dist/src/evaluation/rttm.js';
import { identifyEnrolledFromStart } from './enrolledFromStart.mjs';
import { corpusFolder } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    model: { type: 'string' },
    segmentation: { type: 'string' },
    seed: { type: 'string', default: '3' },
    count: { type: 'string', default: '8' },
    out: { type: 'string', default: join(tmpdir(), 'voice-prints-accuracy') },
    python: { type: 'string', default: 'python3' },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const sets = positionals.length > 0 ? positionals : ['learner', 'telephone', 'diarization'];

for (const set of sets) {
  const dialogues = set === 'diarization' ? await diarizationAnswers() : await dialogueAnswers(set);
  report(set, dialogues);
}

/** Conversations with three enrolment samples for each person enrolled. */
async function dialogueAnswers(set) {
  const folder = join(values.out, `${set}-${values.seed}-${values.count}`);
  if (!existsSync(join(folder, `${String(values.count - 1).padStart(2, '0')}.json`))) {
    mkdirSync(folder, { recursive: true });
    const program = join(corpusFolder, '../tools/dialogues.py');
    const manifest = join(corpusFolder, set === 'train' ? 'train.jsonl' : `dev-${set}.jsonl`);
    execFileSync(values.python, [program, manifest, folder, '--count', values.count, '--seed', values.seed], {
      stdio: 'inherit',
    });
  }
  const answers = [];
  for (const file of readdirSync(folder)
    .filter((name) => /^\d+\.json$/.test(name))
    .sort()) {
    answers.push(await dialogueAnswer(folder, file.replace('.json', '')));
  }
  return answers;
}

async function dialogueAnswer(folder, name) {
  const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
  const engine = await createEngine({
    storeDirectory,
    workerThreads: 1,
    ...(values.segmentation ? { segmentation: values.segmentation } : {}),
    ...(values.model ? { model: values.model } : {}),
  });
  try {
    const { enrolled } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const speakerOf = new Map();
    let refused = 0;
    for (const [speaker, files] of Object.entries(enrolled)) {
      const speakerId = speaker.replaceAll(/\W/g, '_');
      speakerOf.set(speakerId, speaker);
      const samples = files.map((file) => ({ kind: 'file', path: join(folder, file), label: file }));
      const result = await engine.enroll({ speakerId, samples });
      refused += result.samples.filter(({ accepted }) => !accepted).length;
      if (result.status !== 'complete')
        console.log(`  ${name}: ${speakerId} ${result.status}, ${result.speechSeconds.toFixed(1)} s`);
    }
    const before = process.cpuUsage();
    const answer = await engine.identify({ source: { kind: 'file', path: join(folder, `${name}.wav`) } });
    const { user, system } = process.cpuUsage(before);
    const turns = answer.segments.map(({ start, end, speakerId, cluster, decision }) => ({
      start,
      end,
      label: speakerId ? (speakerOf.get(speakerId) ?? speakerId) : cluster,
      isSure: decision === 'identified',
      voice: speakerId ?? cluster,
    }));
    const truth = parseRttm(readFileSync(join(folder, `${name}.rttm`), 'utf8'));
    return {
      folder,
      name,
      truth,
      turns,
      enrolled: Object.keys(enrolled),
      refused,
      cpuSeconds: (user + system) / 1e6,
      seconds: answer.durationSeconds,
    };
  } finally {
    await engine[Symbol.asyncDispose]();
    rmSync(storeDirectory, { recursive: true, force: true });
  }
}

async function diarizationAnswers() {
  const folder = join(corpusFolder, 'diarization');
  const out = join(values.out, 'diarization');
  mkdirSync(out, { recursive: true });
  const answers = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.rttm'))
    .sort()) {
    const name = file.replace('.rttm', '');
    const truth = parseRttm(readFileSync(join(folder, file), 'utf8'));
    answers.push({
      folder: out,
      name,
      truth,
      refused: 0,
      ...(await identifyEnrolledFromStart(join(folder, `${name}.flac`), truth, {
        model: values.model,
        segmentation: values.segmentation ?? null,
      })),
    });
  }
  return answers;
}

function report(set, answers) {
  for (const { folder, name, turns } of answers) {
    writeFileSync(
      join(folder, `${name}.turns.rttm`),
      formatRttm(
        name,
        turns.map((turn) => ({ ...turn, label: turn.voice })),
      ),
    );
    writeFileSync(join(folder, `${name}.names.rttm`), formatRttm(name, turns));
  }
  const percent = (options, label = ({ label: own }) => own) =>
    diarizationPercent(
      answers.map(({ truth, turns, enrolled, unscored = [] }) =>
        diarizationErrorOf(
          truth,
          turns.map((turn) => ({ ...turn, label: label(turn) })),
          { ...options, enrolled, unscored },
        ),
      ),
    );
  if (values.verbose) {
    for (const { name, truth, turns, enrolled, unscored = [] } of answers) {
      const one = diarizationPercent([
        diarizationErrorOf(truth, turns, { collarMs: 250, isNamed: true, enrolled, unscored }),
      ]);
      console.log(`  ${name}: named error ${one.derPercent.toFixed(1)} %`);
    }
  }
  for (const collarMs of [0, 250]) {
    const der = percent({ collarMs }, ({ voice }) => voice);
    const named = percent({ collarMs, isNamed: true });
    const sure = percent({ collarMs, isNamed: true }, ({ label, isSure }) => (isSure ? label : 'unknown'));
    const parts = [der.missedPercent, der.falseAlarmPercent, der.confusionPercent]
      .map((value) => value.toFixed(1))
      .join(' / ');
    console.log(
      `${set}, collar ${collarMs / 1000} s: DER ${der.derPercent.toFixed(1)} % (missed / false alarm / confusion ${parts}), JER ${der.jerPercent.toFixed(1)} %, ` +
        `named error ${named.derPercent.toFixed(1)} %, with identified names only ${sure.derPercent.toFixed(1)} %`,
    );
  }
  const sum = (of) => answers.reduce((total, answer) => total + of(answer), 0);
  const seconds = sum((answer) => answer.seconds);
  const factor = sum((answer) => answer.cpuSeconds) / seconds;
  console.log(
    `${set}: ${answers.length} recordings, ${seconds.toFixed(0)} s, CPU ${factor.toFixed(4)} of real time, ${sum(({ refused }) => refused)} samples refused`,
  );
}
