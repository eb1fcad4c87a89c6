import type { Actor } from '../../core/audit.js';
import { VoicePrintsError } from '../../core/errors.js';
import type { FeedbackResult } from '../../core/feedback.js';
import type { EnrollResult } from '../../core/identification.js';
import type { Engine } from '../engine.js';
import { LOCAL_TENANT } from '../requests/callOptions.js';
import type { EnrollUnknownRequest } from '../requests/enrollRequest.js';
import type { LiveSession } from '../requests/liveSession.js';
import type { FeedbackRequest } from '../requests/turns.js';

/** A session that runs, and where. */
export interface WatchedSession {
  readonly session: LiveSession;
  readonly site: string;
  readonly engine: Engine;
}

/** The live sessions of one process, of the people of flows and the command line: "the last unknown is Alice". */
export class WatchedSessions {
  readonly #fallback: Engine;
  /** Those with the most recent unknown voice first. */
  #sessions: WatchedSession[] = [];
  /** Engine that last listened at a site: a voice may be enrolled long after its session. */
  readonly #engines = new Map<string, Engine>();

  /** @param fallback engine of sites without a session yet */
  constructor(fallback: Engine) {
    this.#fallback = fallback;
  }

  open(watched: WatchedSession): void {
    this.#sessions.push(watched);
    this.#engines.set(watched.site, watched.engine);
  }

  close(session: LiveSession): void {
    this.#sessions = this.#sessions.filter((watched) => watched.session !== session);
  }

  /** What a person says of a turn heard at `site`, or anywhere. Throws what `TurnDirectory.feedback` throws. */
  feedback(request: FeedbackRequest, site: string | undefined, actor: Actor): Promise<FeedbackResult> {
    return this.#whereKnown(site, (engine) => engine.turns(LOCAL_TENANT, actor).feedback(request));
  }

  undo(feedbackId: string, site: string | undefined, actor: Actor): Promise<FeedbackResult> {
    return this.#whereKnown(site, (engine) => engine.turns(LOCAL_TENANT, actor).undo(feedbackId));
  }

  /** The answer of the engine that remembers what it is about. */
  async #whereKnown<T>(site: string | undefined, ask: (engine: Engine) => Promise<T>): Promise<T> {
    const known = site === undefined ? [...this.#engines.values()] : [this.#engines.get(site) ?? this.#fallback];
    const engines = [...new Set([...known, this.#fallback])];
    for (const engine of engines.slice(0, -1)) {
      try {
        return await ask(engine);
      } catch (error) {
        if (!(error instanceof VoicePrintsError) || !/^(TURN|CLUSTER|FEEDBACK)_NOT_FOUND$/.test(error.code))
          throw error;
      }
    }
    return ask(engines.at(-1)!);
  }

  /** An unknown voice spoke in the session. */
  unknown(session: LiveSession): void {
    const at = this.#sessions.findIndex((watched) => watched.session === session);
    if (at > 0) this.#sessions.unshift(...this.#sessions.splice(at, 1));
  }

  /**
   * Enrols an unknown voice of a session, at `site` or anywhere, whose turns are then relabelled; else one that the store has
   * kept. Throws CLUSTER_NOT_FOUND, SPEAKER_ID_INVALID, INPUT_INVALID.
   */
  async enroll(
    request: EnrollUnknownRequest,
    site: string | undefined,
    actor: Actor,
  ): Promise<{ readonly site: string | undefined; readonly result: EnrollResult }> {
    for (const watched of this.#sessions.filter((one) => site === undefined || one.site === site)) {
      try {
        return { site: watched.site, result: await watched.session.enrollUnknown(request, { actor }) };
      } catch (error) {
        if (!(error instanceof VoicePrintsError) || error.code !== 'CLUSTER_NOT_FOUND') throw error;
      }
    }
    const engine = this.#engines.get(site ?? '') ?? this.#fallback;
    return { site, result: await engine.speakers(LOCAL_TENANT, actor).enrollUnknown(request) };
  }
}
