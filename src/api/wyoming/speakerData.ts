import type { CommandSpeaker } from './commandSpeaker.js';
import type { WyomingEvent } from './wire.js';

/** The members that describe the speaker, in the `context` of a transcript and in the `user-event`; null where no one is named. */
export interface SpeakerData {
  readonly speaker: string | null;
  readonly speaker_id: string | null;
  /** `identified`, `uncertain`, `unknown`, `none` (no speech), or `unavailable` (it could not be found out in time). */
  readonly speaker_decision: CommandSpeaker['decision'] | 'unavailable';
  /** 0..1 */
  readonly speaker_confidence: number;
}

/** `speaker` undefined: it could not be found out. */
export const speakerDataOf = (speaker: CommandSpeaker | undefined): SpeakerData => ({
  speaker: speaker?.name ?? null,
  speaker_id: speaker?.speakerId ?? null,
  speaker_decision: speaker?.decision ?? 'unavailable',
  speaker_confidence: Math.round((speaker?.score ?? 0) * 1_000) / 1_000,
});

/** What was given as context, and who spoke. */
export const contextWith = (given: Readonly<Record<string, unknown>> | null | undefined, speaker: SpeakerData) => ({
  ...given,
  ...speaker,
});

/** The event of Wyoming 1.9 that carries what has no event of its own; it precedes the transcript. */
export const speakerEvent = (speaker: SpeakerData): WyomingEvent => ({
  type: 'user-event',
  data: { name: 'speaker', data: speaker },
});

/** `[{name}] ` and the like before the text of a transcript; empty where no one is named. */
export const prefixed = (text: string, prefix: string | undefined, { speaker }: SpeakerData): string =>
  prefix === undefined || speaker === null ? text : prefix.replaceAll('{name}', () => speaker) + text;
