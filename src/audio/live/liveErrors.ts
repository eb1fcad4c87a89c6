import { type ErrorCode, VoicePrintsError } from '../../core/errors.js';

/** What live audio from other machines and microphones needs, as Debian names it. */
export const LIVE_DEBIAN_PACKAGES =
  'gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav';
export const MICROPHONE_DEBIAN_PACKAGES = 'gstreamer1.0-pulseaudio gstreamer1.0-alsa';

export const unreachable = (what: string, cause?: unknown): VoicePrintsError =>
  new VoicePrintsError('LIVE_UNREACHABLE', `${what}; check the address, the network and that the device is on`, {
    cause,
  });

export const untrusted = (what: string, cause?: unknown): VoicePrintsError =>
  new VoicePrintsError(
    'LIVE_TLS_FAILED',
    `there is no secure connection to ${what}; give the authority of its certificate, or the fingerprint of the certificate`,
    { cause },
  );

export const unauthorized = (hasCredentials: boolean): VoicePrintsError =>
  new VoicePrintsError(
    'LIVE_UNAUTHORIZED',
    hasCredentials
      ? 'the source refuses this user and password; correct them (it is tried again slowly, since devices lock out)'
      : 'the source asks for a user and password; give them',
  );

export const notFound = (what: string): VoicePrintsError =>
  new VoicePrintsError('LIVE_NOT_FOUND', `${what}; check the path of the address`);

export const noAudio = (what: string): VoicePrintsError =>
  new VoicePrintsError('LIVE_NO_AUDIO', `${what}; switch the microphone on in the settings of the device`);

export const lost = (what: string, cause?: unknown): VoicePrintsError =>
  new VoicePrintsError('LIVE_LOST', `${what}; no action is needed, the connection is tried again`, { cause });

export const leadsAstray = (): VoicePrintsError =>
  new VoicePrintsError(
    'URL_FORBIDDEN',
    'the source refers to another host in a private network; give that address itself, or name the host in VOICE_PRINTS_ALLOWED_HOSTS',
  );

export const stalled = (ms: number): VoicePrintsError =>
  new VoicePrintsError(
    'LIVE_STALLED',
    `the source is connected, but no audio came for ${Math.round(ms / 100) / 10} s; check it, if it does not come back`,
  );

export const toolMissing = (): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_DECODER_MISSING',
    `GStreamer is not installed, or parts of it are missing; on Debian run "apt-get install ${LIVE_DEBIAN_PACKAGES}"`,
  );

export const microphoneToolMissing = (): VoicePrintsError =>
  new VoicePrintsError(
    'AUDIO_DECODER_MISSING',
    `GStreamer cannot record here; on Debian run "apt-get install ${LIVE_DEBIAN_PACKAGES} ${MICROPHONE_DEBIAN_PACKAGES}"`,
  );

export const deviceUnavailable = (): VoicePrintsError =>
  new VoicePrintsError(
    'LIVE_DEVICE_UNAVAILABLE',
    'the microphone cannot be opened; check that it is plugged in, not in use, and that this user may record (group audio)',
  );

export const portUnavailable = (port: number): VoicePrintsError =>
  new VoicePrintsError(
    'LIVE_PORT_UNAVAILABLE',
    `UDP port ${port} cannot be opened at this address; choose another, or end what uses it`,
    { details: { port } },
  );

/** Failures that retries cannot fix: the user must act, and then start the source again. */
const FINAL: readonly ErrorCode[] = [
  'FILE_NOT_FOUND',
  'FILE_UNREADABLE',
  'INPUT_INVALID',
  'AUDIO_DECODER_MISSING',
  'AUDIO_RATE_INVALID',
  'AUDIO_CHANNELS_INVALID',
];
/** A quick retry would do harm (devices lock out) or is useless: the device must be changed first. */
const SLOW: readonly ErrorCode[] = [
  'LIVE_TLS_FAILED',
  'LIVE_UNAUTHORIZED',
  'LIVE_NO_AUDIO',
  'AUDIO_FORMAT_UNSUPPORTED',
  'URL_FORBIDDEN',
];

export const isFinal = ({ code }: VoicePrintsError): boolean => FINAL.includes(code);
export const isSlow = ({ code }: VoicePrintsError): boolean => SLOW.includes(code);
