import { exponential, logNormal, randomOf } from './random.mjs';
import { Simulation } from './simulation.mjs';
import { Station } from './station.mjs';

/** A fleet and what it is asked to do. Times in seconds, rates a second. */
export const FLEET = {
  machines: 10,
  coresOfMachine: 4,
  /** Of the machines: the others listen to streams, and one in ten, at least one, answers calls. */
  workerShare: 0.6,
  databaseCores: 8,
  /** From a process to the database and back, for each statement of a transaction. */
  roundTrip: 0.0005,
  statements: 6,
  jobRate: 1,
  audioSeconds: 300,
  /** Standard deviation of the logarithm of the lengths. */
  audioSpread: 0.8,
  streamsOfLiveMachine: 100,
  /** A stream is written with each final turn, and every five seconds. */
  streamWriteEvery: 3,
  /** Enrolments, renames, erasures. */
  changeRate: 0.1,
  /** Workers that are called for a job, of those that wait; more to see what it would change. */
  woken: 1,
  /** An answer of a receiver of webhooks. */
  webhookSeconds: 0.1,
  hasWebhooks: true,
  hasFeed: true,
  seed: 1,
};

/** Intervals of the product's own timers. */
const FEED_LOOK = 0.9;
const JOB_TICK = 2;
const LOOK_ANYWAY = 10;
const HEARTBEAT = 1;

/**
 * What becomes of jobs, streams and changes in a fleet over one database.
 *
 * @param costs see costs.json
 * @param options see FLEET; `jobs`: in place of random ones, those of `[at, seconds of work]`
 * @param seconds simulated, after `warmUp` seconds that are not measured
 */
export function simulateFleet(costs, options, { seconds = 60, warmUp = 20 } = {}) {
  return new Fleet(costs, { ...FLEET, ...options }).run(seconds, warmUp);
}

/** How a fleet is divided. */
export function rolesOf({ machines, workerShare }) {
  const api = Math.max(1, Math.round(machines / 10));
  const workers = Math.max(1, Math.round(machines * workerShare));
  return { api, workers, live: Math.max(0, machines - workers - api) };
}

const nothingSeen = () => ({
  ...{ added: 0, settled: 0, delivered: 0, changes: 0, looks: 0 },
  ...{ waits: [], changeDelays: [], busySeconds: 0 },
});

class Fleet {
  #costs;
  #fleet;
  #simulation = new Simulation();
  #random;
  #database;
  #workers;
  #processes;
  #queue = [];
  #taken = 0;
  /** Workers that found nothing to do, the one that waits longest first. */
  #waiting = new Set();
  #seen = nothingSeen();
  #since = 0;

  constructor(costs, fleet) {
    this.#costs = costs;
    this.#fleet = fleet;
    this.#random = randomOf(fleet.seed);
    this.#database = new Station(this.#simulation, fleet.databaseCores);
    const { workers, live, api } = rolesOf(fleet);
    this.#workers = Array.from({ length: fleet.workers ?? workers }, () => ({
      busy: 0,
      isLooking: false,
      isWoken: false,
    }));
    for (const worker of this.#workers) this.#waiting.add(worker);
    this.#processes = fleet.workers === undefined ? workers + live + api : fleet.workers;
    this.#startTimers(fleet.workers === undefined ? live : 0);
    this.#startJobs();
    this.#startChanges();
  }

  run(seconds, warmUp) {
    this.#simulation.runUntil(warmUp);
    this.#database.restart();
    const queuedBefore = this.#inside;
    this.#seen = nothingSeen();
    this.#since = this.#simulation.now;
    this.#simulation.runUntil(warmUp + seconds);
    return { ...this.#result(seconds), queuedBefore };
  }

  get #inside() {
    return this.#queue.length - this.#taken + this.#workers.reduce((sum, { busy }) => sum + busy, 0);
  }

  #result(seconds) {
    const { added, settled, delivered, changes, looks, waits, changeDelays, busySeconds } = this.#seen;
    const sorted = (values) => values.toSorted((a, b) => a - b);
    const part = (values, share) => sorted(values)[Math.floor(share * values.length)] ?? 0;
    return {
      ...{
        added,
        settled,
        delivered,
        changes,
        queuedNow: this.#inside,
        waitingNow: this.#queue.length - this.#taken,
        processes: this.#processes,
      },
      settledRate: settled / seconds,
      looksRate: looks / seconds,
      meanWait: waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, waits.length),
      wait95: part(waits, 0.95),
      changeDelay95: part(changeDelays, 0.95),
      workerUse: busySeconds / seconds / (this.#workers.length * this.#slots),
      database: this.#database.measures(),
    };
  }

  get #slots() {
    return this.#fleet.slotsOfWorker ?? this.#fleet.coresOfMachine;
  }

  /** An operation: its statements travel, its processor time waits for a core of the database. */
  #ask(name, done = () => {}, extraMs = 0) {
    this.#simulation.in(this.#fleet.roundTrip * this.#fleet.statements, () => {
      this.#database.add((this.#costs.databaseMs[name] + extraMs) / 1_000, done);
    });
  }

  get #noticeMs() {
    return this.#processes * this.#costs.databaseMs.noticeOfListener;
  }

  #startTimers(liveProcesses) {
    for (let i = 0; this.#fleet.hasFeed && i < this.#processes; i += 1) {
      this.#simulation.every(FEED_LOOK, this.#random(), () => this.#ask('feedLook'));
    }
    for (const worker of this.#workers) {
      this.#simulation.every(JOB_TICK, this.#random(), () => {
        this.#ask('jobTick', () => this.#isJobThere && this.#wake(worker));
      });
      this.#simulation.every(LOOK_ANYWAY, this.#random(), () => {
        this.#wake(worker);
        if (this.#fleet.hasWebhooks) this.#lookForMessage(worker);
      });
      this.#simulation.every(HEARTBEAT, this.#random(), () => {
        for (let slot = 0; slot < worker.busy; slot += 1) this.#ask('jobHeartbeat');
      });
    }
    for (let i = 0; i < liveProcesses; i += 1) this.#startStreams();
  }

  /** All streams of a process that are due while one transaction is under way go into the next. */
  #startStreams() {
    const { streamsOfLiveMachine: streams, streamWriteEvery } = this.#fleet;
    const { streamWritten, streamsOfBatch40 } = this.#costs.databaseMs;
    if (streams === 0) return;
    const perRow = (streamsOfBatch40 - streamWritten) / 39;
    let due = 0;
    let isWriting = false;
    const write = () => {
      if (isWriting || due === 0) return;
      isWriting = true;
      const rows = due;
      due = 0;
      const done = () => {
        isWriting = false;
        write();
      };
      this.#ask('streamWritten', done, (rows - 1) * perRow);
    };
    const again = () => {
      due += 1;
      write();
      this.#simulation.in(exponential(this.#random, streamWriteEvery / streams), again);
    };
    this.#simulation.in(this.#random() * streamWriteEvery, again);
  }

  #startJobs() {
    const { jobs, jobRate, audioSeconds, audioSpread } = this.#fleet;
    if (jobs) {
      for (const [at, work] of jobs) this.#simulation.in(at, () => this.#add(work));
      return;
    }
    if (jobRate === 0) return;
    const arrive = () => {
      this.#add(logNormal(this.#random, audioSeconds, audioSpread) * this.#costs.engine.coreSecondsOfAudioSecond);
      this.#simulation.in(exponential(this.#random, 1 / jobRate), arrive);
    };
    this.#simulation.in(exponential(this.#random, 1 / jobRate), arrive);
  }

  #add(work) {
    const at = this.#simulation.now;
    const added = () => {
      this.#seen.added += 1;
      this.#queue.push({ at, work });
      const called = this.#called(this.#fleet.woken);
      for (const worker of called.length > 0 ? called : this.#workers) this.#wake(worker); // without any, all are told
    };
    this.#ask('jobAdded', added, this.#noticeMs);
  }

  get #isJobThere() {
    return this.#queue.length > this.#taken;
  }

  /** At most so many of the workers that wait, which then do not any more. */
  #called(count) {
    const called = [...this.#waiting].slice(0, count);
    for (const worker of called) this.#waiting.delete(worker);
    return called;
  }

  #wake(worker) {
    worker.isWoken = true;
    if (!worker.isLooking && worker.busy < this.#slots) this.#look(worker);
  }

  #look(worker) {
    worker.isLooking = true;
    worker.isWoken = false;
    this.#seen.looks += 1;
    this.#ask(this.#isJobThere ? 'jobClaimed' : 'jobLookedForInVain', () => {
      const job = this.#queue[this.#taken];
      if (job) {
        this.#taken += 1;
        this.#waiting.delete(worker);
        this.#work(worker, job);
        if (this.#isJobThere) for (const another of this.#called(1)) this.#wake(another);
      } else this.#waiting.add(worker);
      worker.isLooking = false;
      if ((job || worker.isWoken) && worker.busy < this.#slots) this.#look(worker);
    });
  }

  #lookForMessage(worker) {
    if (worker.isLookingForMessage) return;
    worker.isLookingForMessage = true;
    this.#ask('messageLookedForInVain', () => {
      worker.isLookingForMessage = false;
    });
  }

  #work(worker, { at, work }) {
    worker.busy += 1;
    const begun = this.#simulation.now;
    this.#seen.waits.push(begun - at);
    this.#simulation.in(work, () => {
      this.#seen.busySeconds += this.#simulation.now - Math.max(begun, this.#since);
      this.#ask('jobSettled', () => {
        worker.busy -= 1;
        this.#seen.settled += 1;
        this.#wake(worker);
        if (this.#fleet.hasWebhooks) this.#deliver(worker);
      });
    });
  }

  /** After each step the process looks whether there is another message. */
  #deliver(worker) {
    this.#ask('messageClaimed', () => {
      this.#lookForMessage(worker);
      this.#simulation.in(this.#fleet.webhookSeconds, () => {
        this.#ask('messageDelivered', () => {
          this.#seen.delivered += 1;
          this.#lookForMessage(worker);
        });
      });
    });
  }

  /** Every process reads what changed. */
  #startChanges() {
    const { changeRate } = this.#fleet;
    if (changeRate === 0) return;
    const change = () => {
      const at = this.#simulation.now;
      const told = () => {
        this.#seen.changes += 1;
        for (let i = 0; i < this.#processes; i += 1) {
          this.#ask('feedLook', () => this.#seen.changeDelays.push(this.#simulation.now - at));
        }
      };
      this.#ask('notice0', told, this.#noticeMs);
      this.#simulation.in(exponential(this.#random, 1 / changeRate), change);
    };
    this.#simulation.in(exponential(this.#random, 1 / changeRate), change);
  }
}
