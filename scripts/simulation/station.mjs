/** Servers with one queue, first come, first served. Measures itself from `restart` on. */
export class Station {
  #simulation;
  #servers;
  #busy = 0;
  #queue = [];
  #head = 0;
  #seen = emptyMeasures(0);

  constructor(simulation, servers) {
    this.#simulation = simulation;
    this.#servers = servers;
  }

  /** Work of so many seconds of one server; `done` is called at its end with the seconds it waited. */
  add(seconds, done = () => {}) {
    this.#count();
    this.#seen.arrived += 1;
    const customer = { at: this.#simulation.now, seconds, done };
    if (this.#busy < this.#servers) this.#serve(customer);
    else this.#queue.push(customer);
  }

  get waiting() {
    return this.#queue.length - this.#head;
  }

  get busy() {
    return this.#busy;
  }

  /** Forgets what was measured, after a time in which the queue found its length. */
  restart() {
    this.#seen = emptyMeasures(this.#simulation.now);
    this.#seen.inside = this.#busy + this.waiting;
  }

  /** Utilisation 0..1, means of numbers, seconds, and rates a second, of all that ended since `restart`. */
  measures() {
    this.#count();
    const { since, arrived, ended, waits, stays, busySeconds, waitingSeconds, inside } = this.#seen;
    const span = this.#simulation.now - since;
    const sorted = waits.toSorted((a, b) => a - b);
    return {
      ...{ arrived, ended, insideBefore: inside, insideNow: this.#busy + this.waiting },
      utilisation: busySeconds / span / this.#servers,
      meanInside: (busySeconds + waitingSeconds) / span,
      meanWaiting: waitingSeconds / span,
      meanWait: waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, waits.length),
      meanStay: stays / Math.max(1, ended),
      wait95: sorted[Math.floor(0.95 * sorted.length)] ?? 0,
      rate: ended / span,
    };
  }

  #serve(customer) {
    const { at, seconds, done } = customer;
    const wait = this.#simulation.now - at;
    this.#busy += 1;
    this.#seen.waits.push(wait);
    this.#simulation.in(seconds, () => {
      this.#count();
      this.#busy -= 1;
      this.#seen.ended += 1;
      this.#seen.stays += this.#simulation.now - at;
      if (this.waiting > 0) this.#serve(this.#takeFirst());
      done(wait);
    });
  }

  #takeFirst() {
    const first = this.#queue[this.#head];
    this.#head += 1;
    if (this.#head > 1_000 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  /** Adds the time since the last change to the integrals. */
  #count() {
    const { now } = this.#simulation;
    const seconds = now - this.#seen.countedAt;
    this.#seen.busySeconds += this.#busy * seconds;
    this.#seen.waitingSeconds += this.waiting * seconds;
    this.#seen.countedAt = now;
  }
}

const emptyMeasures = (now) => ({
  ...{ since: now, countedAt: now, arrived: 0, ended: 0, inside: 0 },
  ...{ waits: [], stays: 0, busySeconds: 0, waitingSeconds: 0 },
});

/** Probability that a customer of an M/M/c queue waits (Erlang, 1917). @param load offered, in servers  @param servers more than the load */
export function erlangC(load, servers) {
  let blocked = 1; // Erlang B, server by server
  for (let count = 1; count <= servers; count += 1) blocked = (load * blocked) / (count + load * blocked);
  return (servers * blocked) / (servers - load * (1 - blocked));
}
