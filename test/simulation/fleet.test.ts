import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rolesOf, simulateFleet } from '../../scripts/simulation/fleet.mjs';
import { erlangC } from '../../scripts/simulation/station.mjs';

const costs = JSON.parse(readFileSync(new URL('../../scripts/simulation/costs.json', import.meta.url), 'utf8'));
/** A database that answers at once. */
const free = {
  ...costs,
  databaseMs: Object.fromEntries(Object.keys(costs.databaseMs).map((name) => [name, 0])),
};

test('jobs are neither lost nor done twice, whatever the load', () => {
  for (const jobRate of [0.5, 5, 50]) {
    const found = simulateFleet(costs, { machines: 10, jobRate }, { seconds: 60, warmUp: 10 });
    expect(found.queuedBefore + found.added).toBe(found.settled + found.queuedNow);
    expect(found.delivered).toBeLessThanOrEqual(found.settled + 60);
    expect(found.workerUse).toBeLessThanOrEqual(1 + 1e-9);
    expect(found.database.utilisation).toBeLessThanOrEqual(1 + 1e-9);
  }
});

test('where the database costs nothing, jobs wait as in a queue of Erlang', () => {
  const options = { machines: 1, workers: 3, slotsOfWorker: 2, streamsOfLiveMachine: 0, changeRate: 0, roundTrip: 0 };
  const work = 300 * costs.engine.coreSecondsOfAudioSecond;
  const load = 4.5;
  let state = 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let at = 0;
  const jobs = Array.from({ length: 40_000 }, () => {
    at += (-Math.log(random()) * work) / load;
    return [at, -Math.log(random()) * work];
  });
  const found = simulateFleet(free, { ...options, jobs }, { seconds: at * 0.9, warmUp: at * 0.05 });
  const expected = (erlangC(load, 6) * work) / (6 - load);
  expect(Math.abs(found.meanWait - expected)).toBeLessThan(0.1 * expected);
  expect(Math.abs(found.workerUse - load / 6)).toBeLessThan(0.02);
});

test('the same seed gives the same fleet, another one a similar one', () => {
  const once = simulateFleet(costs, { machines: 10, jobRate: 3 });
  expect(simulateFleet(costs, { machines: 10, jobRate: 3 })).toEqual(once);
  const other = simulateFleet(costs, { machines: 10, jobRate: 3, seed: 2 });
  expect(other.settled).not.toBe(once.settled);
  expect(Math.abs(other.database.utilisation - once.database.utilisation)).toBeLessThan(
    0.25 * once.database.utilisation,
  );
});

test('a job is looked for as often in a large fleet as in a small one, as it calls one worker', () => {
  const looksOfJob = (machines: number, woken: number) => {
    const options = { machines, jobRate: 0.1 * machines, streamsOfLiveMachine: 0, changeRate: 0, woken };
    const { looksRate, settledRate } = simulateFleet(costs, options);
    return looksRate / settledRate;
  };
  expect(looksOfJob(80, 1) / looksOfJob(20, 1)).toBeLessThan(1.2);
  expect(looksOfJob(80, 80) / looksOfJob(20, 80)).toBeGreaterThan(2);
});

test('each machine has a role', () => {
  for (const machines of [1, 10, 100, 1_000]) {
    const { api, workers, live } = rolesOf({ machines, workerShare: 0.6 });
    expect(api + workers + live).toBe(Math.max(2, machines));
  }
});
