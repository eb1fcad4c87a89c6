// What a fleet of so many machines carries, and what ends it first.
//
//   node scripts/simulation/run.mjs [--machines 10,100,1000] [--database-cores 8] [--audio-seconds 300] [--people 10000] [--woken 1] [--factor 2]
//
// Costs are those of costs.json (scripts/simulation/measure.mjs measures them, and BENCHMARKS.md the networks'), those of the database times
// the factor by which processes that do something now and then cost it more than a loop does (scripts/simulation/check.mjs).
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FLEET, rolesOf, simulateFleet } from './fleet.mjs';

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '10,30,100,300,1000' },
    'database-cores': { type: 'string', default: '8' },
    'audio-seconds': { type: 'string', default: '300' },
    people: { type: 'string', default: '10000' },
    woken: { type: 'string', default: '1' },
    factor: { type: 'string', default: '2' },
  },
});
const measured = JSON.parse(readFileSync(new URL('./costs.json', import.meta.url), 'utf8'));
const times = Object.entries(measured.databaseMs).map(([name, ms]) => [name, ms * Number(values.factor)]);
const costs = { ...measured, databaseMs: Object.fromEntries(times) };
const [databaseCores, audioSeconds, people] = ['database-cores', 'audio-seconds', 'people'].map((name) =>
  Number(values[name]),
);

/** Sources are refused above this use of a machine; workers are to have some time left too. */
const FULL = 0.7;
/** A database that is used more answers late. */
const DATABASE_FULL = 0.7;
const CONNECTIONS_OF_PROCESS = { least: 3, most: 12 };
/** A live stream compares a turn so often with everybody. */
const COMPARISONS_A_SECOND = 2;

const { coreSecondsOfAudioSecond, coreSecondsOfStreamSecond, comparisonMsOf100000People, bytesOfPerson } = costs.engine;
const streamCost =
  coreSecondsOfStreamSecond + (COMPARISONS_A_SECOND * comparisonMsOf100000People * people) / 1e5 / 1_000;

function loadOf(machines, share) {
  const { workers } = rolesOf({ ...FLEET, machines });
  return {
    machines,
    databaseCores,
    audioSeconds,
    jobRate: (share * FULL * workers * FLEET.coresOfMachine) / (audioSeconds * coreSecondsOfAudioSecond),
    streamsOfLiveMachine: Math.floor((share * FULL * FLEET.coresOfMachine) / streamCost),
    changeRate: 0.001 * machines,
    woken: Number(values.woken),
  };
}

const isCarried = ({ database, added, waitingNow }) =>
  database.utilisation < DATABASE_FULL && waitingNow < Math.max(20, 0.1 * added);

console.log(
  `${databaseCores} cores for the database, ${FLEET.coresOfMachine} a machine, recordings of ${audioSeconds} s, ${people} people, full at ${100 * FULL} %`,
);
console.log(
  'machines | jobs an hour | live streams | database used | wait for a worker, 95 % | a change is known, 95 % | looks for work a job | connections | ends first',
);
for (const machines of values.machines.split(',').map(Number)) {
  const seconds = Math.max(10, Math.min(120, 3_000 / machines));
  const time = { seconds, warmUp: Math.min(20, seconds) };
  let [low, high] = [0, 1];
  let best = simulateFleet(costs, loadOf(machines, 1), time);
  const isWhole = isCarried(best);
  for (let step = 0; !isWhole && step < 10; step += 1) {
    const middle = (low + high) / 2;
    const found = simulateFleet(costs, loadOf(machines, middle), time);
    if (isCarried(found)) [low, best] = [middle, found];
    else high = middle;
  }
  const share = isWhole ? 1 : low;
  const { jobRate, streamsOfLiveMachine } = loadOf(machines, share);
  const { live } = rolesOf({ ...FLEET, machines });
  const connections = Object.values(CONNECTIONS_OF_PROCESS).map((count) => count * best.processes);
  console.log(
    [
      ...[
        machines,
        Math.round(jobRate * 3_600),
        live * streamsOfLiveMachine,
        `${Math.round(100 * best.database.utilisation)} %`,
      ],
      ...[
        `${best.wait95.toFixed(2)} s`,
        `${best.changeDelay95.toFixed(2)} s`,
        (best.looksRate / Math.max(1e-9, best.settledRate)).toFixed(1),
      ],
      ...[
        connections.join(' to '),
        isWhole ? 'the machines' : `the database, at ${Math.round(100 * share)} % of the machines`,
      ],
    ].join(' | '),
  );
}
console.log(`a process holds ${((people * bytesOfPerson) / 2 ** 20).toFixed(0)} MiB of voices for ${people} people`);
