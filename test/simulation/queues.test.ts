import { describe, expect, test } from 'vitest';
import { exponential, logNormal, randomOf } from '../../scripts/simulation/random.mjs';
import { Simulation } from '../../scripts/simulation/simulation.mjs';
import { erlangC, Station } from '../../scripts/simulation/station.mjs';

/** A queue with Poisson arrivals. */
function queueOf({ servers, load, seconds, seed }: { servers: number; load: number; seconds: number; seed: number }) {
  const simulation = new Simulation();
  const station = new Station(simulation, servers);
  const random = randomOf(seed);
  const arrive = () => {
    station.add(exponential(random, 1));
    simulation.in(exponential(random, 1 / load), arrive);
  };
  simulation.in(0, arrive);
  simulation.runUntil(1_000);
  station.restart();
  simulation.runUntil(seconds);
  return station.measures();
}

describe.each([
  { servers: 1, load: 0.7, seconds: 150_000 },
  { servers: 4, load: 3.2, seconds: 60_000 },
  { servers: 30, load: 25, seconds: 60_000 },
])('a queue with $servers servers and an offered load of $load', ({ servers, load, seconds }) => {
  const found = queueOf({ servers, load, seconds, seed: 7 });

  test('waits as the formula of Erlang says', () => {
    const expected = erlangC(load, servers) / (servers - load);
    expect(Math.abs(found.meanWait - expected)).toBeLessThan(0.1 * expected);
    expect(Math.abs(found.utilisation - load / servers)).toBeLessThan(0.01);
  });

  test('loses nothing, is never more than fully used, and obeys the law of Little', () => {
    expect(found.insideBefore + found.arrived).toBe(found.ended + found.insideNow);
    expect(found.utilisation).toBeLessThanOrEqual(1);
    expect(Math.abs(found.meanInside - found.rate * found.meanStay)).toBeLessThan(0.01 * found.meanInside);
  });
});

test('a queue that is offered too much is fully used, and grows', () => {
  const found = queueOf({ servers: 2, load: 3, seconds: 20_000, seed: 3 });
  expect(found.utilisation).toBeGreaterThan(0.999);
  expect(found.utilisation).toBeLessThanOrEqual(1 + 1e-9);
  expect(found.insideNow).toBeGreaterThan(10_000);
  expect(found.insideBefore + found.arrived).toBe(found.ended + found.insideNow);
});

test('the formula of Erlang: one server waits as often as it is busy; a table value', () => {
  expect(erlangC(0.6, 1)).toBeCloseTo(0.6, 12);
  expect(erlangC(5, 6)).toBeCloseTo(0.5875, 3);
});

test('the same seed gives the same numbers, and means are as asked', () => {
  const [one, other] = [randomOf(5), randomOf(5)];
  expect(Array.from({ length: 9 }, one)).toEqual(Array.from({ length: 9 }, other));
  const random = randomOf(1);
  const mean = (draw: () => number) =>
    Array.from({ length: 200_000 }, draw).reduce((sum, value) => sum + value, 0) / 200_000;
  expect(Math.abs(mean(() => exponential(random, 3)) - 3)).toBeLessThan(0.05);
  expect(Math.abs(mean(() => logNormal(random, 300, 0.8)) - 300)).toBeLessThan(6);
});

test('events happen in the order of their times, those of one time as they were planned', () => {
  const simulation = new Simulation();
  const order: string[] = [];
  for (const [name, at] of [
    ['c', 3],
    ['a', 1],
    ['b', 2],
    ['a2', 1],
  ] as const)
    simulation.in(at, () => order.push(name));
  simulation.runUntil(2);
  expect(order).toEqual(['a', 'a2', 'b']);
  simulation.runUntil(9);
  expect(order).toEqual(['a', 'a2', 'b', 'c']);
  expect(simulation.now).toBe(9);
});
