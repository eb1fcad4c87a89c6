import type { Actor } from '../../core/audit.js';
import { VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult } from '../../core/identification.js';
import { type Engine, type EnrollUnknownRequest, type LiveSession, LOCAL_TENANT } from '../engine.js';

/** A session that runs, and where. */
export interface HeardSession {
  readonly session: LiveSession;
  readonly site: string;
  readonly engine: Engine;
}

/** The live sessions of one process, of the people of flows and the command line: "the last unknown is Alice". */
export class HeardSessions {
  readonly #fallback: Engine;
  /** The one that heard an unknown voice last first. */
  #sessions: HeardSession[] = [];
  /** Engine that last listened at a site: a voice may be enrolled long after its session. */
  readonly #engines = new Map<string, Engine>();

  /** @param fallback engine of sites where nothing was heard */
  constructor(fallback: Engine) {
    this.#fallback = fallback;
  }

  open(heard: HeardSession): void {
    this.#sessions.push(heard);
    this.#engines.set(heard.site, heard.engine);
  }

  close(session: LiveSession): void {
    this.#sessions = this.#sessions.filter((heard) => heard.session !== session);
  }

  /** The session has heard an unknown voice. */
  unknown(session: LiveSession): void {
    const at = this.#sessions.findIndex((heard) => heard.session === session);
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
    for (const heard of this.#sessions.filter((one) => site === undefined || one.site === site)) {
      try {
        return { site: heard.site, result: await heard.session.enrollUnknown(request, { actor }) };
      } catch (error) {
        if (!(error instanceof VoicePrintsError) || error.code !== 'CLUSTER_NOT_FOUND') throw error;
      }
    }
    const engine = this.#engines.get(site ?? '') ?? this.#fallback;
    return { site, result: await engine.speakers(LOCAL_TENANT, actor).enrollUnknown(request) };
  }
}
