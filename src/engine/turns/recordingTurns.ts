import { randomUUID } from 'node:crypto';
import type { Identification, IdentifiedSegment } from '../../core/identification.js';
import type { StrangersPolicy } from '../../core/strangers.js';
import type { TurnSound } from './turnEntry.js';
import type { TurnMemory } from './turnMemory.js';

export interface RecordingTurnsOptions {
  readonly memory: TurnMemory;
  readonly tenantId: string;
  readonly strangers: StrangersPolicy;
  readonly acceptScore: number;
  readonly nowMs: () => number;
}

/** Gives the turns of one recording their ids, collects their sounds, and remembers them once the answer is complete. */
export class RecordingTurns {
  readonly conversationId = `recording-${randomUUID()}`;
  readonly #options: RecordingTurnsOptions;
  readonly #sounds = new Map<string, TurnSound | undefined>();

  constructor(options: RecordingTurnsOptions) {
    this.#options = options;
  }

  /** The id of a turn; `sound` is undefined where nothing within it was embedded. */
  newId(sound: TurnSound | undefined): string {
    const turnId = `${this.conversationId}-${this.#sounds.size + 1}`;
    this.#sounds.set(turnId, sound);
    return turnId;
  }

  /** Remembers the turns as they are answered. */
  remember(answer: Identification): Identification {
    const { memory, tenantId, strangers, acceptScore, nowMs } = this.#options;
    const heardAtMs = nowMs();
    for (const segment of answer.segments) {
      if (segment.turnId === undefined) continue;
      const { turnId, start, end, decision, speakerId, cluster, score, margin, cosine, overlap, candidates } = segment;
      const entry = {
        ...{ turnId, start, end, decision, speakerId, cluster, score, margin, cosine, overlap },
        conversationId: this.conversationId,
        kind: 'recording' as const,
        site: null,
        heardAtMs,
        // A turn of a recording is speech from end to end.
        speechSeconds: end - start,
        voice: voiceOf(segment),
        acceptScore,
        candidates: candidates.map((one) => ({ speakerId: one.speakerId, score: one.score, cosine: one.cosine })),
        said: undefined,
        sound: this.#sounds.get(turnId),
        soundUntilMs: undefined,
      };
      memory.add(tenantId, entry, strangers);
    }
    return { conversationId: this.conversationId, ...answer };
  }
}

/** One voice of a recording has one label. */
const voiceOf = ({ cluster, speakerId }: IdentifiedSegment): string => cluster ?? `id ${speakerId}`;
