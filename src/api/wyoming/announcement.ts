import { hostname, networkInterfaces } from 'node:os';
import multicastDns from 'multicast-dns';
import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';

/** DNS-SD type by which Home Assistant finds Wyoming services (RFC 6763). */
const TYPE = '_wyoming._tcp.local';
const SERVICES = '_services._dns-sd._udp.local';
/** RFC 6762, 10: of records with a host's name in them, and of others. */
const HOST_TTL_SECONDS = 120;
const OTHER_TTL_SECONDS = 4_500;
/** Questions of this time get one answer together: what is asked of us costs the network little, however often. */
const ANSWER_MS = 100;
/** RFC 6762, 8.3: a second announcement a second after the first. */
const REPEAT_MS = 1_000;
const FAREWELL_MS = 500;
const MAX_LABEL_LENGTH = 63;

type Answer = NonNullable<multicastDns.ResponsePacket['answers']>[number];

export interface AnnouncementOptions {
  /** Where the server listens; all addresses of this machine for 0.0.0.0. */
  readonly host: string;
  readonly port: number;
  /** Called where it cannot be announced. */
  readonly onFailure: (error: unknown) => void;
  /** Only on the network of this address; on all by default. */
  readonly networkAddress?: string;
}

/** Announces a Wyoming server on the network by multicast DNS, beside other responders such as avahi, and takes that back at its end. */
export class WyomingAnnouncement implements AsyncDisposable {
  readonly #options: AnnouncementOptions;
  readonly #mdns: multicastDns.MulticastDNS;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isAnswering = false;
  #isClosed = false;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
    const { networkAddress } = options;
    const failed = guarded(
      () => undefined,
      (cause: unknown) =>
        this.#options.onFailure(
          new VoicePrintsError(
            'CONFIG_INVALID',
            'the server cannot be announced by multicast DNS: its port, 5353, is not shared; announce it with avahi instead',
            { cause },
          ),
        ),
    );
    this.#mdns = multicastDns(networkAddress === undefined ? {} : { interface: networkAddress, bind: '0.0.0.0' });
    this.#mdns.on('error', failed);
    this.#mdns.on('warning', () => undefined); // packets that are none
    this.#mdns.on('ready', () => this.#announce());
    this.#mdns.on('networkInterface', () => this.#later(0)); // a network that was not there before
    this.#mdns.on(
      'query',
      guarded(
        () => undefined,
        ({ questions = [] }) => {
          if (questions.some(({ name }) => this.#names.has(name.toLowerCase()))) this.#later(ANSWER_MS);
        },
      ),
    );
  }

  /** Says that the service is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    for (const timer of this.#timers) clearTimeout(timer);
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, FAREWELL_MS);
      this.#send(0, () => {
        clearTimeout(late);
        resolve();
      });
    });
    this.#isClosed = true;
    await new Promise<void>((resolve) => this.#mdns.destroy(resolve));
  }

  /** The same machine may run several, with a port each. */
  get #instance(): string {
    const { port } = this.#options;
    return `${`voice-prints ${machine()} ${port}`.slice(0, MAX_LABEL_LENGTH)}.${TYPE}`;
  }

  get #names(): ReadonlySet<string> {
    return new Set([TYPE, SERVICES, this.#instance, `${machine()}.local`].map((name) => name.toLowerCase()));
  }

  #announce(): void {
    this.#later(0);
    this.#after(REPEAT_MS, () => this.#send(1));
  }

  #later(ms: number): void {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    this.#after(ms, () => {
      this.#isAnswering = false;
      this.#send(1);
    });
  }

  #after(ms: number, work: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(
      guarded(
        () => undefined,
        () => {
          this.#timers.delete(timer);
          work();
        },
      ),
      ms,
    );
    this.#timers.add(timer);
  }

  /** @param lives 0: the records are withdrawn (RFC 6762, 10.1) */
  #send(lives: 0 | 1, onSent: () => void = () => undefined): void {
    if (this.#isClosed) {
      onSent();
      return;
    }
    const host = `${machine()}.local`;
    const name = this.#instance;
    const [hostTtl, otherTtl] = [lives * HOST_TTL_SECONDS, lives * OTHER_TTL_SECONDS];
    const { port } = this.#options;
    const answers: Answer[] = [
      { name: TYPE, type: 'PTR', ttl: otherTtl, data: name },
      { name, type: 'SRV', ttl: hostTtl, flush: true, data: { port, target: host, priority: 0, weight: 0 } },
      { name, type: 'TXT', ttl: otherTtl, flush: true, data: ['program=voice-prints'] },
    ];
    // Others announce the address of this machine, too: theirs is not withdrawn, and not flushed.
    const more: Answer[] = lives === 0 ? [] : [{ name: SERVICES, type: 'PTR', ttl: otherTtl, data: TYPE }];
    const addresses = lives === 0 ? [] : this.#addresses();
    for (const data of addresses) more.push({ name: host, type: 'A', ttl: hostTtl, data });
    this.#mdns.respond({ answers: [...answers, ...more] }, () => onSent());
  }

  #addresses(): readonly string[] {
    const { host } = this.#options;
    if (host !== '0.0.0.0') return [host];
    const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
    return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
  }
}

/** Name of this machine, as one label. */
const machine = (): string => (hostname().split('.', 1)[0] || 'localhost').slice(0, MAX_LABEL_LENGTH);
