import { type Claim, FULL_LOAD, type HeldLease, type Peer } from './lease.js';

/** Load that a source is expected to add where a process has none to judge by. */
const USUAL_SHARE = 0.05;
/** Loads that differ by less count as the same: they are measured over some seconds. */
const STEP = 0.1;

export interface PlacementInput {
  /** What this process wants. */
  readonly claims: readonly Claim[];
  /** Every process that is there, this one included. */
  readonly peers: readonly Peer[];
  readonly leases: readonly HeldLease[];
  readonly processId: string;
  /** Whether this process may give one group to another that holds fewer. */
  readonly mayMove: boolean;
}

/** What a process is to do about its claims. */
export interface Placement {
  readonly take: readonly string[];
  /** A group that two processes hold parts of: the later one yields. Or one that is to move. */
  readonly giveBack: readonly string[];
}

/**
 * Who takes what nobody holds: the least loaded of the processes that want it, or whoever holds another claim of its group. Every
 * process comes to the same conclusion from the same tables; where they differ for a moment, the server decides.
 */
export function placement({ claims, peers, leases, processId, mayMove }: PlacementInput): Placement {
  const held = new Map(leases.map((lease) => [lease.name, lease]));
  const seats = peers.map(
    (peer) => new Seat(peer, leases.filter((lease) => lease.processId === peer.processId).length),
  );
  const take: string[] = [];
  const giveBack: string[] = [];
  const groups = [...grouped(claims)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  let isSettled = true;
  for (const group of groups) {
    const own = group.flatMap((name) => held.get(name) ?? []);
    const first = own.reduce<HeldLease | undefined>((a, b) => (a && a.token < b.token ? a : b), undefined);
    if (first && first.processId !== processId) {
      giveBack.push(...own.filter((lease) => lease.processId === processId).map(({ name }) => name));
    }
    const free = group.filter((name) => !held.has(name));
    if (free.length === 0) continue;
    isSettled = false;
    const holder = seats.find((seat) => seat.peer.processId === first?.processId && seat.wantsAny(free));
    const seat = holder ?? least(seats.filter((one) => one.isOpen && one.wantsAny(free)));
    seat?.add(free.length);
    if (seat?.peer.processId === processId) take.push(...free);
  }
  if (!mayMove || !isSettled || giveBack.length > 0) return { take, giveBack };
  const own = groups.filter((group) => group.every((name) => held.get(name)?.processId === processId));
  return { take, giveBack: movable(own, seats, processId, (name) => held.get(name)!.token) };
}

/** The group that was taken last, of a process that holds the most, where another would still hold fewer with it. */
function movable(
  groups: readonly (readonly string[])[],
  seats: readonly Seat[],
  processId: string,
  tokenOf: (name: string) => number,
): readonly string[] {
  const own = seats.find(({ peer }) => peer.processId === processId);
  if (!own || seats.some(({ count }) => count > own.count)) return [];
  const youngest = [...groups].sort((a, b) => a.length - b.length || tokenOf(b[0]!) - tokenOf(a[0]!));
  const group = youngest.find((names) => {
    const target = least(seats.filter((seat) => seat !== own && seat.isOpen && seat.wantsAny(names)));
    if (!target || own.count - target.count <= names.length || target.step > own.step) return false;
    return target.isBefore(own.without(names.length)); // else it would come back
  });
  return group ?? [];
}

function grouped(claims: readonly Claim[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, group } of claims) groups.set(group, [...(groups.get(group) ?? []), name]);
  return groups;
}

/** A process, with what it is about to take. */
class Seat {
  readonly peer: Peer;
  readonly #share: number;
  #count: number;
  #load: number;

  constructor(peer: Peer, count: number) {
    this.peer = peer;
    this.#count = count;
    this.#load = peer.load;
    this.#share = count > 0 ? Math.max(peer.load / count, USUAL_SHARE / 5) : USUAL_SHARE;
  }

  get count(): number {
    return this.#count;
  }

  /** Load, in steps. */
  get step(): number {
    return Math.floor(this.#load / STEP);
  }

  without(count: number): Seat {
    const seat = new Seat(this.peer, this.#count);
    seat.add(-count);
    return seat;
  }

  get isOpen(): boolean {
    return this.#load < FULL_LOAD;
  }

  wantsAny(names: readonly string[]): boolean {
    return names.some((name) => this.peer.wants.includes(name));
  }

  add(count: number): void {
    this.#count += count;
    this.#load += count * this.#share;
  }

  isBefore(other: Seat): boolean {
    const byId = this.peer.processId < other.peer.processId ? -1 : 1;
    return (this.step - other.step || this.#count - other.#count || byId) < 0;
  }
}

const least = (seats: readonly Seat[]): Seat | undefined =>
  seats.reduce<Seat | undefined>((best, seat) => (best && !seat.isBefore(best) ? best : seat), undefined);
