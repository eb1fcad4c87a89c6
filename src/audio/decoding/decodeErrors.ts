import { VoicePrintsError } from '../../core/errors.js';

/** What decodes nearly everything, as Debian names it. */
export const DEBIAN_PACKAGES =
  'gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav';

const megabytes = (bytes: number): string => `${Math.round(bytes / 100_000) / 10} MB`;
const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

export const tooLarge = (maxBytes: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_TOO_LARGE',
    `the recording is larger than the ${megabytes(maxBytes)} allowed; send a shorter one, or cut it into pieces`,
    { details: { maxBytes } },
  );

export const tooLong = (maxDurationMs: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_TOO_LONG',
    `the recording is longer than the ${seconds(maxDurationMs)} allowed; cut it into pieces`,
    { details: { maxDurationMs } },
  );

export const decodeTimeout = (maxDecodeMs: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_DECODE_TIMEOUT',
    `decoding took longer than the ${seconds(maxDecodeMs)} allowed and was stopped; check that the source delivers, or convert the recording to WAV`,
    { details: { maxDecodeMs } },
  );

export const aborted = (): VoicePrintsError =>
  new VoicePrintsError(
    'ABORTED',
    'reading the recording was stopped before its end; start it again if that was not meant',
  );

export const empty = (): VoicePrintsError =>
  new VoicePrintsError('AUDIO_EMPTY', 'the recording is empty; check how it was saved or sent');

export const corrupt = (what: string): VoicePrintsError =>
  new VoicePrintsError('AUDIO_CORRUPT', `${what}; save or download the recording again`);

export const notAudio = (what: string): VoicePrintsError =>
  new VoicePrintsError('AUDIO_NOT_AUDIO', `${what}; give a recording such as WAV, FLAC, MP3, M4A, Ogg or WebM`);

export const tooShort = (what: string): VoicePrintsError =>
  new VoicePrintsError('AUDIO_TOO_SHORT', `${what}; record again and check the input level and device`);

export function decoderMissing(container: string, codec: string | undefined): VoicePrintsError {
  const packages = codec?.startsWith('amr') ? `${DEBIAN_PACKAGES} gstreamer1.0-plugins-ugly` : DEBIAN_PACKAGES;
  return new VoicePrintsError(
    'AUDIO_DECODER_MISSING',
    `no decoder for ${container} audio is installed; on Debian run "apt-get install ${packages}", ` +
      'or send WAV, FLAC, MP3 or Ogg Opus',
    { details: { container } },
  );
}

export const decodeFailed = (container: string, reason?: string): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_DECODE_FAILED',
    `the decoder could not read this ${container} recording; convert it to WAV or FLAC and try again`,
    { details: { container, ...(reason && { reason }) } },
  );

export const rateInvalid = (sampleRateHz: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_RATE_INVALID',
    `a sample rate of ${sampleRateHz} Hz cannot be used; give audio of 4,000 to 192,000 Hz`,
    { details: { sampleRateHz } },
  );

export const channelsInvalid = (channels: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_CHANNELS_INVALID',
    `${channels} channels cannot be used; give audio of 1 to 32 channels`,
    {
      details: { channels },
    },
  );

/** @param tracks how many there are, where that is known */
export const noSuchTrack = (track: number, tracks?: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_TRACK_NOT_FOUND',
    `the recording has no audio track ${track}; ${tracks === undefined ? 'choose a lower one' : `it has ${tracks}, counted from 1`}, or choose none to mix all`,
    { details: { track } },
  );

/** @param channels how many there are, where that is known */
export const noSuchChannel = (channel: number, channels?: number): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_TRACK_NOT_FOUND',
    `the recording has no channel ${channel}; ${channels === undefined ? 'choose a lower one' : `it has ${channels}, counted from 1`}, or choose none to mix all`,
    { details: { channel } },
  );
