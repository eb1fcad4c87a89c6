import type { ReconnectConfig } from '../core/backoff.js';
import { VoicePrintsError } from '../core/errors.js';
import { guarded } from '../core/guarded.js';
import type { LiveAudio } from '../core/live.js';
import { present } from '../core/present.js';
import type { Engine } from '../engine/engine.js';
import type { LiveSession } from '../engine/requests/liveSession.js';
import { isTurnEvent, Presence, type SpeakerEvent, TOPIC_BASE } from '../events/index.js';
import { isWithin } from './schedule.js';
import type { SourceClaim, SourcePlaces } from './sourcePlaces.js';
import { SourceRunner } from './sourceRunner.js';
import type { SourceSpec } from './sourceSpec.js';
import type { SourceObserver, SourceStatus, SourceTarget } from './sourceStatus.js';

/** How often schedules are looked at. */
const SCHEDULE_MS = 5_000;
const LISTENING: ReadonlySet<SourceStatus['status']> = new Set(['connecting', 'open', 'held', 'retrying']);
/** How long a process that shares its sources waits for the last turns before another may listen. */
const HANDOVER_MS = 500;

export interface SourceSetOptions {
  /** Opens the engine of a store; called again where it fails. */
  readonly openEngine: (storeDirectory: string | undefined) => Promise<Engine>;
  /** Throws VoicePrintsError. */
  readonly openAudio: (spec: SourceSpec, signal: AbortSignal) => LiveAudio;
  readonly observer: SourceObserver;
  readonly presenceWindowMs: number;
  readonly backoff?: Partial<ReconnectConfig>;
  /** Where several processes share the sources. */
  readonly places?: SourcePlaces | undefined;
}

interface Entry {
  spec: SourceSpec;
  runner: SourceRunner | undefined;
  isClosing: boolean;
  isStopped: boolean;
  status: SourceStatus;
  /** Undefined where this process listens to all of its sources. */
  claim: SourceClaim | undefined;
  /** With which it was begun: what comes without it any more is of a former holder. */
  token: number | undefined;
}

/** All sources of a process: each runs while it is in the file, within its schedule and not stopped. */
export class SourceSet implements AsyncDisposable {
  readonly #options: SourceSetOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #presences = new Map<string, Presence>();
  readonly #closing = new Set<Promise<void>>();
  readonly #clock: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: SourceSetOptions) {
    this.#options = options;
    const look = guarded(
      () => undefined,
      () => this.#reconcileAll(),
    );
    this.#clock = setInterval(look, SCHEDULE_MS);
  }

  get statuses(): readonly SourceStatus[] {
    return [...this.#entries.values()].map(shown);
  }

  /** Who is present at a site: `Alice, Bob`, `unknown`, `nobody`. */
  presence(site: string): string {
    const presence = this.#presences.get(site);
    presence?.tick(Date.now());
    return presence?.text ?? 'nobody';
  }

  /** Forgets a person who was erased. */
  erase(speakerId: string): void {
    for (const presence of this.#presences.values()) presence.erase(speakerId);
  }

  /** Stops listening and gives every source to another process; resolves once they have it in their hands. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#clock);
    for (const entry of this.#entries.values()) {
      entry.claim?.want(false);
      if (entry.runner) this.#end(entry);
      else if (!entry.isClosing) this.#leave(entry);
    }
    await Promise.all(this.#closing);
  }

  /** These are the sources from now on: those that are as before go on undisturbed. */
  apply(specs: readonly SourceSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.id, spec]));
    for (const [id, entry] of this.#entries) {
      if (wanted.has(id)) continue;
      this.#entries.delete(id);
      if (isOwn(entry)) this.#options.observer.removed(id);
      entry.claim?.want(false);
      if (entry.runner) this.#end(entry);
      else if (!entry.isClosing) this.#drop(entry);
    }
    for (const spec of specs) {
      const entry = this.#entries.get(spec.id);
      if (entry && JSON.stringify(entry.spec) === JSON.stringify(spec)) continue;
      if (entry && entry.spec.site !== spec.site && isOwn(entry)) this.#options.observer.removed(spec.id);
      if (entry) this.#end(entry); // `#end` starts it again, as it then is
      this.#add(spec, entry);
    }
  }

  /** Throws INPUT_INVALID where there is none. */
  start(target: SourceTarget): void {
    for (const entry of this.#targets(target)) {
      entry.isStopped = false;
      if (entry.runner?.isOver) entry.runner = undefined;
      this.#reconcile(entry);
    }
  }

  /** Until `start`, or the end of the process. Throws INPUT_INVALID where there is none. */
  stop(target: SourceTarget): void {
    for (const entry of this.#targets(target)) {
      entry.isStopped = true;
      this.#reconcile(entry);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  #add(spec: SourceSpec, before: Entry | undefined): void {
    const { places, observer } = this.#options;
    const status: SourceStatus = {
      source: spec.id,
      site: spec.site,
      status: places ? 'waiting' : 'connecting',
      since: new Date().toISOString(),
      turns: before?.status.turns ?? { identified: 0, unknown: 0, uncertain: 0, rejected: 0 },
      droppedSeconds: before?.status.droppedSeconds ?? 0,
    };
    const fresh = { runner: undefined, isClosing: false, isStopped: false, claim: undefined, token: undefined };
    const entry: Entry = before ?? { spec, status, ...fresh };
    entry.spec = spec;
    entry.status = status;
    entry.claim ??= places?.claim({ name: spec.id, group: spec.site }, () => this.#reconcile(entry));
    if (entry.claim) entry.claim.group = spec.site;
    this.#entries.set(spec.id, entry);
    observer.changed(shown(entry));
    this.#reconcile(entry);
  }

  /** Nothing is listened to any more: what is published says so, unless another process may listen by now, and publish. */
  #leave(entry: Entry): void {
    const { claim, status } = entry;
    claim?.giveBack();
    if (claim && status.status !== 'elsewhere') this.#change(entry, { status: 'waiting' });
    if (!claim && LISTENING.has(status.status)) this.#change(entry, { status: 'ended' });
  }

  /** The claim of an entry that is over. */
  #drop({ claim }: Entry): void {
    if (claim) this.#options.places?.drop(claim);
  }

  #targets({ source, site }: SourceTarget): readonly Entry[] {
    const found = [...this.#entries.values()].filter(
      ({ spec }) => (source === undefined || spec.id === source) && (site === undefined || spec.site === site),
    );
    if (found.length > 0) return found;
    throw new VoicePrintsError('INPUT_INVALID', 'there is no such source here; use an id of the file of sources');
  }

  #reconcileAll(): void {
    for (const entry of this.#entries.values()) this.#reconcile(entry);
  }

  #reconcile(entry: Entry): void {
    if (this.#isClosed || entry.isClosing || this.#entries.get(entry.spec.id) !== entry) return;
    const { claim, isStopped, spec } = entry;
    const isWanted = !isStopped && (spec.schedule === undefined || isWithin(spec.schedule, new Date()));
    claim?.want(isWanted);
    if (isWanted && (!claim || claim.token !== undefined)) {
      if (!entry.runner) this.#begin(entry);
      return;
    }
    if (entry.runner) {
      this.#end(entry);
      return;
    }
    claim?.giveBack();
    if (!isWanted) this.#change(entry, { status: isStopped ? 'stopped' : 'scheduled' });
    else this.#change(entry, { status: claim?.isElsewhere ? 'elsewhere' : 'waiting' });
  }

  #begin(entry: Entry): void {
    const { openEngine, openAudio, observer, backoff } = this.#options;
    const { spec } = entry;
    entry.token = entry.claim?.token;
    this.#change(entry, { status: 'connecting' });
    entry.runner = new SourceRunner({
      spec,
      engine: () => openEngine(spec.storeDirectory),
      openAudio: (signal) => openAudio(spec, signal),
      sink: {
        opened: (session, engine) => observer.opened({ session, site: spec.site, engine }),
        closed: (session) => observer.closed(session),
        event: (event, session) => this.#hear(entry, event, session),
      },
      ...present({ backoff }),
    });
  }

  /** Ends what runs, and begins anew where it is wanted. */
  #end(entry: Entry): void {
    const { runner } = entry;
    if (!runner) return;
    entry.runner = undefined;
    entry.isClosing = true;
    const closed = runner.stop(entry.claim && HANDOVER_MS).finally(() => {
      this.#closing.delete(closed);
      entry.isClosing = false;
      if (this.#entries.get(entry.spec.id) !== entry) this.#drop(entry);
      else if (this.#isClosed) this.#leave(entry);
      else this.#reconcile(entry);
    });
    this.#closing.add(closed);
  }

  #hear(entry: Entry, event: SpeakerEvent, session: LiveSession | undefined): void {
    const { site, id } = entry.spec;
    // Whoever was taken out of the file, or moved to another site, leaves nothing behind there.
    if (this.#entries.get(id) !== entry || event.site !== site) return;
    // Another process may listen by now: what this one still works on would contradict it.
    if (entry.claim?.token !== entry.token) return;
    if (event.event_type === 'stream' && !entry.isClosing) {
      const { status, code, message } = event;
      this.#change(entry, { status, ...present({ code, message }) });
    }
    if (event.event_type === 'dropped') {
      entry.status = { ...entry.status, droppedSeconds: entry.status.droppedSeconds + event.seconds };
    }
    if (isTurnEvent(event)) {
      const turns = { ...entry.status.turns, [event.event_type]: entry.status.turns[event.event_type] + 1 };
      entry.status = { ...entry.status, turns };
    }
    report(entry);
    this.#presenceOf(site).hear(event, Date.now());
    this.#options.observer.event(entry.token === undefined ? event : { ...event, lease: entry.token }, session);
  }

  #change(entry: Entry, to: Pick<SourceStatus, 'status' | 'code' | 'message'>): void {
    const { code: before, message: _message, ...rest } = entry.status;
    if (rest.status === to.status && before === to.code) return;
    entry.status = { ...rest, ...to, since: new Date().toISOString() };
    report(entry);
    this.#options.observer.changed(shown(entry));
  }

  #presenceOf(site: string): Presence {
    const known = this.#presences.get(site);
    if (known) return known;
    const made = new Presence({ base: TOPIC_BASE, site }, this.#options.presenceWindowMs);
    this.#presences.set(site, made);
    return made;
  }
}

/** For the processes that do not listen. */
function report(entry: Entry): void {
  if (entry.claim) entry.claim.report = shown(entry);
}

const shown = ({ status, claim }: Entry): SourceStatus => ({ ...status, ...present({ lease: claim?.token }) });

/** Whether it is for this process to withdraw what is retained of a source: of one elsewhere, the process that listens does. */
const isOwn = ({ claim }: Entry): boolean => !claim?.isElsewhere;
