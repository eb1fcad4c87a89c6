import { randomUUID } from 'node:crypto';
import type { Actor } from '../../core/audit.js';
import type { FalseAcceptPercent } from '../../core/identification.js';
import { type Lazy, lazy } from '../../core/lazy.js';
import { type StrangersPolicy, stricter } from '../../core/strangers.js';
import type { AuditNotes } from '../auditNotes.js';
import type { Compute } from '../compute/compute.js';
import { parseConfig, strangersPolicy } from '../config.js';
import type { EngineParts } from '../engineParts.js';
import type { EnrolmentsUnderWay } from '../enrolment/enrolmentsUnderWay.js';
import { LOCAL_TENANT } from '../requests/callOptions.js';
import type { WatchRequest } from '../requests/liveSession.js';
import type { TenantPeople } from '../tenantPeople.js';
import { SessionTurns } from '../turns/sessionTurns.js';
import type { TurnMemory } from '../turns/turnMemory.js';
import type { BusyTime } from './busyTime.js';
import { type LiveNetworks, openLiveNetworks } from './liveSpeech.js';
import type { SessionStrangers } from './sessionStrangers.js';
import { WatchSession } from './watchSession.js';

export interface LiveCallsParts extends Pick<EngineParts, 'config' | 'model' | 'registry' | 'nowMs'> {
  readonly people: TenantPeople;
  readonly enrolments: EnrolmentsUnderWay;
  readonly strangers: SessionStrangers;
  readonly turns: TurnMemory;
  readonly compute: Lazy<Compute>;
  /** Aborted when the engine is closed. */
  readonly closing: AbortSignal;
  readonly acceptScore: (falseAcceptPercent: FalseAcceptPercent) => number;
  readonly notesOf: (tenantId: string, actor: Actor | undefined) => AuditNotes;
  /** Embeds kept audio that the model has not seen, as far as there is any. */
  readonly reembedKept: (tenantId: string) => Promise<unknown>;
}

/** The live sessions of an engine. */
export class LiveCalls implements AsyncDisposable {
  readonly #parts: LiveCallsParts;
  readonly #sessions = new Set<WatchSession>();
  /** One queue for all live streams. */
  readonly #networks: Lazy<LiveNetworks>;
  #busy: BusyTime | undefined;

  constructor(parts: LiveCallsParts) {
    this.#parts = parts;
    this.#networks = lazy(async () => {
      const networks = await openLiveNetworks(await parts.compute.get(), parts.closing);
      this.#busy = networks.busy;
      return networks;
    });
  }

  get busyMs(): number {
    return this.#busy?.ms ?? 0;
  }

  /** See Engine.watch. */
  watch(request: WatchRequest): WatchSession {
    const { config, model, registry, people, enrolments, turns: memory, nowMs } = this.#parts;
    const { tenantId = LOCAL_TENANT } = request;
    const strangers = this.#strangersOf(request);
    const unknownVoices = this.#parts.strangers.open(strangers, tenantId);
    const { sessionId = randomUUID(), falseAcceptPercent = config.falseAcceptPercent, site } = request;
    const acceptScore = this.#parts.acceptScore(falseAcceptPercent);
    const turns = new SessionTurns({ memory, tenantId, sessionId, site, strangers, acceptScore, nowMs });
    const session = new WatchSession(request, {
      sessionId,
      turns,
      model,
      tenantId,
      notesOf: (actor) => this.#parts.notesOf(tenantId, actor),
      registry,
      people: people.live,
      enrolments,
      unknownVoices,
      falseAcceptPercent,
      nowMs,
      openNetworks: () => this.#networks.get(),
      closing: this.#parts.closing,
      othersOf: people.othersOf,
      keeps: strangers.keeps,
      isConsentRequired: config.requireConsent,
      onEnded: () => {
        this.#sessions.delete(session);
        turns.end();
        unknownVoices[Symbol.dispose]();
      },
    });
    this.#sessions.add(session);
    // Beside the session, which sees who was added when it looks next; a failure shows with the next enrolment.
    this.#parts.reembedKept(tenantId).catch(() => undefined);
    return session;
  }

  sessionOf(tenantId: string, sessionId: string): WatchSession | undefined {
    return [...this.#sessions].find((session) => session.sessionId === sessionId && session.tenantId === tenantId);
  }

  /** Ends all sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session[Symbol.asyncDispose]()));
  }

  /** A session may keep less than the engine's setting, never more. Throws CONFIG_INVALID. */
  #strangersOf({ strangers }: WatchRequest): StrangersPolicy {
    const own = this.#parts.config.strangers;
    return strangers === undefined ? own : stricter(own, parseConfig(strangersPolicy, strangers));
  }
}
