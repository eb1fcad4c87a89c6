// What corrections do to names, a part of them wrong:
//   node scripts/accuracy/corrections.mjs [--model ID|FILE] [--sets learner,telephone] [--sessions 1000] [--wrong .2] [--seeds 5] [--cache FOLDER]
// Per seed one store: people enrolled from a few seconds, strangers beside them, conversations in which every voice gets feedback, and
// conversations of held-out speech before and after. Speech is embedded once (voices are told apart perfectly), the gate, the growth of
// voiceprints and the decisions are the engine's own.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../dist/src/evaluation/damage.js';
import { simulateCorrections } from '../../dist/src/lab/simulateCorrections.js';
import { DEFAULT_CACHE, openPeople } from './embeddedPeople.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    sets: { type: 'string', default: 'learner,telephone' },
    sessions: { type: 'string', default: '1000' },
    wrong: { type: 'string', default: '.2' },
    seeds: { type: 'string', default: '5' },
    'enrol-seconds': { type: 'string', default: '7' },
    cache: { type: 'string', default: DEFAULT_CACHE },
  },
});
const ENROLLED = 10;
const STRANGERS = 5;
const HELD_OUT_DIALOGUES = 400;

/** Enrolled from the beginning of what a person said first; the rest of the first half is for feedback, the second half held out. */
function asPerson({ speaker, probes }, isStranger) {
  const first = probes.filter(({ session }) => session === probes[0].session);
  const enrolment = [];
  let seconds = 0;
  for (const utterance of first) {
    if (seconds >= Number(values['enrol-seconds'])) break;
    enrolment.push(utterance);
    seconds += utterance.speechSeconds;
  }
  const rest = probes.filter((utterance) => !enrolment.includes(utterance));
  const half = Math.ceil(rest.length / 2);
  return {
    id: speaker,
    enrolment: isStranger ? [] : enrolment,
    // Alternately, so that both have speech of every session.
    spoken: rest.filter((_, i) => i % 2 === 0 || half < 4),
    heldOut: rest.filter((_, i) => i % 2 === 1),
  };
}

const shuffled = (items, random) =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const spread = (numbers) => {
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const deviation = Math.sqrt(
    numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, numbers.length - 1),
  );
  return `${percent(mean)} ± ${(100 * deviation).toFixed(1)}`;
};

const compute = await openCompute(values.model);
for (const set of values.sets.split(',')) {
  const { people } = await openPeople(join(corpusFolder, `dev-${set}.jsonl`), { compute, cache: values.cache });
  const runs = [];
  for (let seed = 1; seed <= Number(values.seeds); seed += 1) {
    const random = seededRandom(seed);
    const drawn = shuffled(people, random).slice(0, ENROLLED + STRANGERS);
    runs.push(
      simulateCorrections({
        people: drawn.map((person, i) => asPerson(person, i >= ENROLLED)),
        model: compute.model,
        falseAcceptPercent: 1,
        sessions: Number(values.sessions),
        wrongShare: Number(values.wrong),
        heldOutDialogues: HELD_OUT_DIALOGUES,
        random,
      }),
    );
  }
  const enrolledVoices = ({ voices, strangers }) => voices - strangers;
  const shares = (which, count) => spread(runs.map((run) => run[which][count] / enrolledVoices(run[which])));
  const worst = (which) => percent(Math.min(...runs.flatMap((run) => [...run[which].rightOf.values()])));
  const change = Math.min(
    ...runs.flatMap(({ before, after }) => [...after.rightOf].map(([id, share]) => share - before.rightOf.get(id))),
  );
  console.log(
    `${set}: ${runs.length} stores of ${ENROLLED} people and ${STRANGERS} strangers, ${values.sessions} sessions each`,
  );
  for (const which of ['before', 'after']) {
    const strangers = spread(runs.map((run) => run[which].strangersNamed / run[which].strangers));
    console.log(
      `  ${which}: named rightly ${shares(which, 'right')}, wrongly ${shares(which, 'wrong')}, strangers named ${strangers}, worst person ${worst(which)}`,
    );
  }
  const total = (key) => runs.reduce((sum, { feedback }) => sum + feedback[key], 0);
  console.log(`  largest loss of one person: ${(100 * change).toFixed(1)} points`);
  console.log(
    `  learnt from ${percent(total('trueLearnt') / total('true'))} of ${total('true')} true and ${percent(total('wrongLearnt') / Math.max(1, total('wrong')))} of ${total('wrong')} wrong answers`,
  );
}
await compute[Symbol.asyncDispose]();
