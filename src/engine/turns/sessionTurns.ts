import type { StrangersPolicy } from '../../core/strangers.js';
import { secondsOfSamples } from '../../core/time.js';
import type { LiveChange, TurnDraft } from '../../identity/live/liveChange.js';
import type { TurnMemory } from './turnMemory.js';

export interface SessionTurnsOptions {
  readonly memory: TurnMemory;
  readonly tenantId: string;
  readonly sessionId: string;
  readonly site: string | undefined;
  readonly strangers: StrangersPolicy;
  readonly acceptScore: number;
  readonly nowMs: () => number;
}

/** The turns of one live session, as they are remembered: each at its end, and what became of it later. */
export class SessionTurns {
  readonly #options: SessionTurnsOptions;
  readonly #ids = new Set<string>();

  constructor(options: SessionTurnsOptions) {
    this.#options = options;
  }

  /** A change as it is emitted; `cluster` is the id of its unknown voice. */
  take(
    change: LiveChange,
    { cluster, overlap, isNarrowBand }: { cluster: string | null; overlap: boolean; isNarrowBand: boolean },
  ): void {
    if (change.type === 'turn' && change.turn.isFinal) this.#add(change.turn, { cluster, overlap, isNarrowBand });
    if (change.type === 'merged') this.#merge(change.gone, change.voice);
    if (change.type !== 'relabel') return;
    const { speakerId, decision, score, candidates } = change.verdict;
    for (const entry of this.#entries) {
      if (!change.turnIds.includes(entry.turnId)) continue;
      entry.voice = `${change.voice}`;
      // What a person said stands; the session follows it, and this is only its echo.
      if (!entry.said) Object.assign(entry, { speakerId, decision, score, candidates, cluster });
    }
  }

  /** What is kept of unknown voices for the session only goes with it. */
  end(): void {
    const { memory, tenantId, sessionId } = this.#options;
    memory.endSession(tenantId, sessionId);
  }

  get #entries() {
    const { memory, tenantId } = this.#options;
    return memory.turns(tenantId).filter(({ turnId }) => this.#ids.has(turnId));
  }

  #merge(gone: number, kept: number): void {
    for (const entry of this.#entries) if (entry.voice === `${gone}`) entry.voice = `${kept}`;
  }

  #add(
    draft: TurnDraft,
    { cluster, overlap, isNarrowBand }: { cluster: string | null; overlap: boolean; isNarrowBand: boolean },
  ): void {
    const { memory, tenantId, sessionId, site, strangers, acceptScore, nowMs } = this.#options;
    const { turnId, voice, verdict, embedding, snrDb } = draft;
    this.#ids.add(turnId);
    const entry = {
      turnId,
      conversationId: sessionId,
      kind: 'live' as const,
      site: site ?? null,
      heardAtMs: nowMs(),
      start: secondsOfSamples(draft.startSample),
      end: secondsOfSamples(draft.endSample),
      speechSeconds: secondsOfSamples(draft.speechSamples),
      voice: voice === undefined ? undefined : `${voice}`,
      ...verdict,
      acceptScore,
      cluster,
      overlap,
      said: undefined,
      sound: embedding && { embedding: new Float32Array(embedding), snrDb, isNarrowBand },
      soundUntilMs: undefined,
    };
    memory.add(tenantId, entry, strangers);
  }
}
