import { guarded } from '../../../core/guarded.js';
import { isResponse, methodOf, statusOf, transactionOf } from './sipMessage.js';

/** RFC 3261, 17.1.1.1: T1, T2 and 64 * T1. */
const T1_MS = 500;
const T2_MS = 4_000;
const GIVE_UP_MS = 64 * T1_MS;
/** Answers kept for requests that come again, and messages sent again: a flood must not grow them. */
const CAPACITY = 2_000;

interface Again {
  readonly startedMs: number;
  /** INVITE requests double without a limit, others up to T2. */
  readonly maxIntervalMs: number;
  intervalMs: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * What UDP loses is sent again. sip.js takes its transport for a reliable one: requests (timers A and E), refusals of
 * calls until they are acknowledged (timer G), answers to requests that come again (timer J) and ACKs to refusals that
 * come again (timer D) are repeated here.
 */
export class Retransmissions {
  readonly #again = new Map<string, Again>();
  readonly #answers = new Map<string, { readonly send: () => void; readonly untilMs: number }>();
  readonly #acks = new Map<string, { readonly send: () => void; readonly untilMs: number }>();

  /** Messages that wait for an answer. */
  get pending(): number {
    return this.#again.size;
  }

  /** A message of ours, just sent for the first time by `send`. */
  sent(message: string, send: () => void): void {
    const key = transactionOf(message);
    if (!key) return;
    const until = { send, untilMs: Date.now() + GIVE_UP_MS };
    if (isResponse(message)) {
      const status = statusOf(message);
      if (status < 200) return;
      remember(this.#answers, `${key.branch} ${key.sentBy} ${key.method}`, until);
      if (key.method === 'INVITE' && status >= 300) this.#repeat(`refusal ${key.branch}`, send, T2_MS);
      return;
    }
    const method = methodOf(message);
    if (method === 'ACK') remember(this.#acks, key.branch, until);
    else this.#repeat(`${method} ${key.branch}`, send, method === 'INVITE' ? GIVE_UP_MS : T2_MS);
  }

  /** True where a message of the other side is only a repetition, which has been dealt with. */
  isRepetition(message: string): boolean {
    const key = transactionOf(message);
    if (!key) return false;
    if (isResponse(message)) return this.#isRepeatedResponse(`${key.method} ${key.branch}`, key.branch, message);
    const method = methodOf(message);
    if (method === 'ACK') {
      this.#stop(`refusal ${key.branch}`);
      return false;
    }
    const answer = this.#answers.get(`${key.branch} ${key.sentBy} ${method}`);
    if (!answer || answer.untilMs < Date.now()) return false;
    answer.send();
    return true;
  }

  clear(): void {
    for (const key of [...this.#again.keys()]) this.#stop(key);
    this.#answers.clear();
    this.#acks.clear();
  }

  #isRepeatedResponse(request: string, branch: string, message: string): boolean {
    const status = statusOf(message);
    const again = this.#again.get(request);
    if (again && status < 200) {
      if (request.startsWith('INVITE ')) this.#stop(request);
      else again.intervalMs = T2_MS;
    }
    if (status < 200) return false;
    this.#stop(request);
    const ack = this.#acks.get(branch); // only refusals are acknowledged under the INVITE's own branch
    if (!ack || !request.startsWith('INVITE ')) return false;
    ack.send();
    return true;
  }

  #repeat(key: string, send: () => void, maxIntervalMs: number): void {
    if (this.#again.size >= CAPACITY) return;
    this.#stop(key);
    const again: Again = { startedMs: Date.now(), maxIntervalMs, intervalMs: T1_MS, timer: undefined };
    const arm = () => {
      again.timer = setTimeout(
        guarded(() => this.#stop(key), repeat),
        again.intervalMs,
      );
    };
    const repeat = () => {
      if (Date.now() - again.startedMs >= GIVE_UP_MS) return this.#stop(key);
      send();
      again.intervalMs = Math.min(2 * again.intervalMs, again.maxIntervalMs);
      arm();
    };
    this.#again.set(key, again);
    arm();
  }

  #stop(key: string): void {
    clearTimeout(this.#again.get(key)?.timer);
    this.#again.delete(key);
  }
}

/** Oldest first; the outdated and the oldest give way. */
function remember<T extends { readonly untilMs: number }>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const nowMs = Date.now();
  for (const [old, { untilMs }] of map) {
    if (untilMs >= nowMs && map.size <= CAPACITY) break;
    map.delete(old);
  }
}
