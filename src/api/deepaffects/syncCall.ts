import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';

export type Version = 'v1' | 'v2';

/** An error of a synchronous call; one for audio that is too long names the call for longer audio. */
export function withSyncHint(thrown: unknown, maxMs: number): VoicePrintsError {
  const error = asVoicePrintsError(thrown);
  if (error.code !== 'AUDIO_TOO_LONG') return error;
  const message = `the audio is longer than ${maxMs / 1000} seconds, the most of a synchronous (sync) call`;
  return new VoicePrintsError(
    error.code,
    `${message}; send shorter pieces, or use the async call of a server that has it`,
  );
}
