import type { Decision } from '../../core/identification.js';

/** See VoiceSum. */
export interface VoiceSumState {
  /** Shape (d,); undefined where there is no speech. */
  readonly sum: Float32Array | undefined;
  readonly samples: number;
}

/** See SessionVoice. */
export interface SessionVoiceState {
  readonly number: number;
  readonly speakerId: string | null;
  readonly decision: Decision;
  readonly bound: string | undefined;
  readonly excluded: readonly string[];
  readonly earlier: VoiceSumState;
  readonly learnt: readonly {
    readonly turnId: string;
    readonly order: number;
    readonly sum: VoiceSumState;
    readonly snrDb: number | undefined;
  }[];
  /** Those of a turn that is remembered are made of it again. */
  readonly exemplars: readonly {
    readonly of: string | undefined;
    readonly embedding: Float32Array | undefined;
    readonly samples: number;
    readonly snrDb: number | undefined;
  }[];
  /** Turn ids with what each was reported as. */
  readonly reported: readonly (readonly [string, string])[];
}

/** See SessionVoices. */
export interface SessionVoicesState {
  readonly count: number;
  readonly cosines: readonly number[];
  readonly voices: readonly SessionVoiceState[];
}

/** What one session has learnt of its voices, with which another process can go on. */
export interface LiveTurnsState extends SessionVoicesState {
  readonly turns: number;
  /** Number of the unknown voice heard last. */
  readonly lastUnknown: number | undefined;
}
