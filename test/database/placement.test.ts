import { expect, test } from 'vitest';
import type { Claim, HeldLease, Peer } from '../../src/database/leases/lease.js';
import { placement } from '../../src/database/leases/placement.js';

const claims = (...names: string[]): Claim[] => names.map((name) => ({ name, group: name }));
const peer = (processId: string, load: number, wants: readonly string[]): Peer => ({ processId, load, wants });
const lease = (name: string, processId: string, token = 1): HeldLease => ({ name, processId, token });

/** What each process takes, all seeing the same tables. */
function taken(wanted: readonly Claim[], peers: readonly Peer[], leases: readonly HeldLease[] = []) {
  return Object.fromEntries(
    peers.map(({ processId }) => [
      processId,
      placement({ claims: wanted, peers, leases, processId, mayMove: false }).take,
    ]),
  );
}

test('many sources are spread evenly, each to one process', () => {
  const names = Array.from({ length: 9 }, (_, i) => `s${i}`);
  const shares = taken(claims(...names), [peer('a', 0, names), peer('b', 0.03, names), peer('c', 0.01, names)]);
  expect(Object.values(shares).map(({ length }) => length)).toEqual([3, 3, 3]);
  expect(Object.values(shares).flat().sort()).toEqual(names);
});

test.each([
  { name: 'the least loaded takes it', loads: [0.5, 0.2, 0.4], takes: [[], ['x'], []] },
  { name: 'nobody at .7 or above', loads: [0.7, 0.9, 1], takes: [[], [], []] },
  { name: 'the one below .7', loads: [0.7, 0.69, 1], takes: [[], ['x'], []] },
])('$name', ({ loads, takes }) => {
  const peers = loads.map((load, i) => peer(`p${i}`, load, ['x']));
  expect(Object.values(taken(claims('x'), peers))).toEqual(takes);
});

test('a process stops taking where what it takes would fill it', () => {
  const names = Array.from({ length: 20 }, (_, i) => `s${String(i).padStart(2, '0')}`);
  expect(taken(claims(...names), [peer('a', 0.5, names)]).a).toHaveLength(4);
});

test('only processes that want it count, and those that hold fewer come first', () => {
  expect(taken(claims('x'), [peer('a', 0, []), peer('b', 0.4, ['x'])])).toEqual({ a: [], b: ['x'] });
  const leases = [lease('y', 'a'), lease('z', 'b')];
  expect(taken(claims('x'), [peer('a', 0.01, ['x']), peer('b', 0.02, ['x']), peer('c', 0.05, ['x'])], leases)).toEqual({
    a: [],
    b: [],
    c: ['x'],
  });
});

test('a group stays together, also at a process that is full; two that hold parts of it agree', () => {
  const group = ['x', 'y'].map((name) => ({ name, group: 'hall' }));
  const peers = [peer('a', 0.9, ['x', 'y']), peer('b', 0, ['x', 'y'])];
  expect(taken(group, peers, [lease('x', 'a')])).toEqual({ a: ['y'], b: [] });
  const both = [lease('x', 'a', 7), lease('y', 'b', 8)];
  const giving = (processId: string) =>
    placement({ claims: group, peers, leases: both, processId, mayMove: false }).giveBack;
  expect([giving('a'), giving('b')]).toEqual([[], ['y']]);
});

test('a process that joins is given one after the other, the last taken first, until it makes no difference', () => {
  const names = ['w', 'x', 'y', 'z'];
  const peers = [peer('a', 0.2, names), peer('b', 0, names)];
  const moved = (leases: readonly HeldLease[], over = peers) =>
    over.map(
      ({ processId }) =>
        placement({ claims: claims(...names), peers: over, leases, processId, mayMove: true }).giveBack,
    );
  const at = (...holders: string[]) => names.map((name, i) => lease(name, holders[i]!, i));
  expect(moved(at('a', 'a', 'a', 'a'))).toEqual([['z'], []]);
  expect(moved(at('a', 'a', 'a', 'b'))).toEqual([['y'], []]);
  expect(moved(at('a', 'a', 'b', 'b'))).toEqual([[], []]);
  const busy = [peer('a', 0.2, names), peer('b', 0.5, names)];
  expect(moved(at('a', 'a', 'a', 'a'), busy), 'to one that has more to do').toEqual([[], []]);
});
