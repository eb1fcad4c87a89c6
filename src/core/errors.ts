/** Every error code. Codes are stable, wording may change: handle errors by code. docs/errors.md lists the same codes. */
export const ERROR_CODES = [
  'AUDIO_EMPTY',
  'AUDIO_NOT_AUDIO',
  'AUDIO_CORRUPT',
  'AUDIO_TRUNCATED',
  'AUDIO_FORMAT_UNSUPPORTED',
  'AUDIO_FORMAT_MISSING',
  'AUDIO_RATE_INVALID',
  'AUDIO_CHANNELS_INVALID',
  'AUDIO_TRACK_NOT_FOUND',
  'AUDIO_DECODER_MISSING',
  'AUDIO_DECODE_FAILED',
  'AUDIO_DECODE_TIMEOUT',
  'AUDIO_TOO_LARGE',
  'AUDIO_TOO_LONG',
  'AUDIO_TOO_SHORT',
  'AUDIO_SILENT',
  'AUDIO_NO_SPEECH',
  'AUDIO_BASE64_INVALID',
  'FILE_NOT_FOUND',
  'FILE_UNREADABLE',
  'FILE_UNWRITABLE',
  'URL_INVALID',
  'URL_FORBIDDEN',
  'URL_UNREACHABLE',
  'URL_TOO_LARGE',
  'URL_TIMEOUT',
  'LIVE_UNREACHABLE',
  'LIVE_TLS_FAILED',
  'LIVE_UNAUTHORIZED',
  'LIVE_NOT_FOUND',
  'LIVE_NO_AUDIO',
  'LIVE_LOST',
  'LIVE_STALLED',
  'LIVE_DEVICE_UNAVAILABLE',
  'LIVE_PORT_UNAVAILABLE',
  'SIP_LISTEN_FAILED',
  'SIP_UNREACHABLE',
  'SIP_TLS_FAILED',
  'SIP_REGISTER_REFUSED',
  'SIP_BUSY',
  'SIP_DECLINED',
  'SIP_NOT_FOUND',
  'SIP_UNAUTHORIZED',
  'SIP_CALL_REFUSED',
  'SIP_CODEC_MISMATCH',
  'SIP_NO_MEDIA',
  'SIP_SESSION_EXPIRED',
  'MQTT_UNREACHABLE',
  'MQTT_UNAUTHORIZED',
  'MQTT_TLS_FAILED',
  'MQTT_MESSAGES_LOST',
  'CREDENTIALS_IN_URL',
  'ENROLL_REFUSED',
  'CONSENT_REQUIRED',
  'SPEAKER_ID_INVALID',
  'SPEAKER_NOT_FOUND',
  'SPEAKER_INCOMPLETE',
  'SPEAKER_EXISTS',
  'CLUSTER_NOT_FOUND',
  'TURN_NOT_FOUND',
  'FEEDBACK_NOT_FOUND',
  'NAME_TAKEN',
  'SAMPLE_NOT_FOUND',
  'KEY_NOT_FOUND',
  'REGISTRY_UNAVAILABLE',
  'REGISTRY_LOCKED',
  'REGISTRY_CORRUPT',
  'REGISTRY_KEY_MISSING',
  'REGISTRY_KEY_WRONG',
  'REGISTRY_VERSION_NEWER',
  'MODEL_NOT_FOUND',
  'MODEL_INVALID',
  'MODEL_IN_USE',
  'JOB_NOT_FOUND',
  'JOB_CONFLICT',
  'JOB_POISONED',
  'JOB_EXPIRED',
  'JOBS_FULL',
  'JOBS_LOCKED',
  'WEBHOOK_NOT_FOUND',
  'INFERENCE_UNAVAILABLE',
  'INFERENCE_FAILED',
  'CONFIG_INVALID',
  'INPUT_INVALID',
  'ENGINE_BUSY',
  'ENGINE_CLOSED',
  'ABORTED',
  'INTERNAL',
  'USAGE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorExtras {
  /** Numbers and ids only: never audio, embeddings or personal names. */
  readonly details?: Readonly<Record<string, number | string>>;
  readonly cause?: unknown;
}

/**
 * The one error class that leaves the engine. `message` says what happened and, after a semicolon, what to do.
 * It never carries audio, embeddings or personal names.
 */
export class VoicePrintsError extends Error {
  override readonly name = 'VoicePrintsError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, number | string>>;

  constructor(code: ErrorCode, message: string, { details = {}, cause }: ErrorExtras = {}) {
    super(message, { cause });
    this.code = code;
    this.details = details;
  }
}

/** Converts any thrown value to the one error class, so that edges handle a single shape. */
export function asVoicePrintsError(thrown: unknown): VoicePrintsError {
  if (thrown instanceof VoicePrintsError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return aborted(thrown);
  }
  return new VoicePrintsError('INTERNAL', 'an unexpected failure; the log names its cause', {
    cause: thrown,
  });
}

/** The error of work that its caller stopped; `cause` is the reason of the signal. */
export const aborted = (cause?: unknown): VoicePrintsError =>
  new VoicePrintsError('ABORTED', 'the work was stopped before it ended', { cause });
