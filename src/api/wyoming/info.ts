import type { SpeakerSummary } from '../../core/identification.js';
import { packageVersion } from '../packageVersion.js';
import { identityNames } from './people.js';
import type { WyomingEvent } from './wire.js';

export interface InfoOptions {
  readonly modelId: string;
  /** The `asr` member of the speech-to-text service's own info; undefined where there is none, or it does not answer. */
  readonly asr: unknown;
  /** The enrolled people, where clients may know them. */
  readonly people: readonly SpeakerSummary[] | undefined;
  /** Whether transcripts are passed on in pieces, too. */
  readonly isStreaming: boolean;
}

/** The answer to `describe`. `asr` is what the service behind says of itself, so that its models and languages can be chosen. */
export function infoEvent({ modelId, asr, people, isStreaming }: InfoOptions): WyomingEvent {
  const artifact = {
    attribution: { name: 'voice-prints', url: 'https://github.com/voice-prints/node-red' },
    installed: true,
    version: packageVersion(),
  };
  const names = people && [...identityNames(people).values()].map((name) => ({ name }));
  const identity = {
    ...{ name: 'voice-prints', description: 'Who speaks', ...artifact },
    models: [{ name: modelId, description: 'Speaker model', ...artifact, ...(names && { identities: names }) }],
  };
  const programs = Array.isArray(asr) ? asr.map((program) => asrProgram(program, isStreaming)) : [];
  const none = { tts: [], handle: [], intent: [], wake: [], mic: [], snd: [] };
  return { type: 'info', data: { ...none, asr: programs, identity: [identity] } };
}

/** Pieces of a transcript would be without the prefix. */
const asrProgram = (program: unknown, isStreaming: boolean): unknown =>
  isStreaming || typeof program !== 'object' ? program : { ...program, supports_transcript_streaming: false };
