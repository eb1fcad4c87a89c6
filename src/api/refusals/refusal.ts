import { asVoicePrintsError, type ErrorCode, type VoicePrintsError } from '../../core/errors.js';

/** Error types of the DeepAffects API, and one of our own for keys. */
export type RefusalType =
  | 'params_invalid'
  | 'invalid_key'
  | 'quota'
  | 'forbidden'
  | 'unknown_route'
  | 'rate_limit'
  | 'api_error';

/** Codes that occur only over the network (HTTP, WebSocket, gRPC); all others are ErrorCodes of the engine. */
const HTTP_CODES = {
  KEY_INVALID: [401, 'invalid_key'],
  QUOTA_USED_UP: [402, 'quota'],
  KEY_SCOPE: [403, 'forbidden'],
  ROUTE_UNKNOWN: [404, 'unknown_route'],
  METHOD_NOT_ALLOWED: [405, 'unknown_route'],
  BODY_TIMEOUT: [408, 'params_invalid'],
  BODY_TOO_LARGE: [413, 'params_invalid'],
  BODY_TYPE_UNSUPPORTED: [415, 'params_invalid'],
  TOO_MANY_REQUESTS: [429, 'rate_limit'],
  HEAD_TOO_LARGE: [431, 'params_invalid'],
} as const satisfies Readonly<Record<string, readonly [status: number, type: RefusalType]>>;

export type HttpCode = keyof typeof HTTP_CODES;

export const HTTP_CODE_NAMES = Object.keys(HTTP_CODES) as HttpCode[];

/** A refusal of a call, independent of its dialect (fault or problem document). */
export interface Refusal {
  /** Status of the DeepAffects calls, whose clients expect 400 for every bad parameter. */
  readonly deepaffectsStatus: number;
  /** Status of the /v1 calls. */
  readonly v1Status: number;
  readonly type: RefusalType;
  readonly code: ErrorCode | HttpCode;
  /** What happened and what to do. Safe to show: no paths, no causes, no names. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Additional members of the body, e.g. the reasons of the enrolment gate. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Thrown inside src/api only; ends a call with the given refusal. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** A refusal of HTTP itself: the same status in both dialects. */
export function httpRefusal(
  code: HttpCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RefusedError {
  const [status, type] = HTTP_CODES[code];
  return new RefusedError({ deepaffectsStatus: status, v1Status: status, type, code, message, headers });
}

export const bodyTooLarge = (maxBytes: number): RefusedError =>
  httpRefusal('BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes; send less`);

type Statuses = readonly [contract: number, modern: number];
const malformed: Statuses = [400, 400];
const unusable: Statuses = [400, 422];
const ours: Statuses = [500, 500];
const away: Statuses = [503, 503];

/** HTTP status of each error code: 5xx only for internal faults. */
const STATUSES: Readonly<Record<ErrorCode, Statuses>> = {
  AUDIO_EMPTY: unusable,
  AUDIO_NOT_AUDIO: unusable,
  AUDIO_CORRUPT: unusable,
  AUDIO_TRUNCATED: unusable,
  AUDIO_FORMAT_UNSUPPORTED: [400, 415],
  AUDIO_FORMAT_MISSING: unusable,
  AUDIO_RATE_INVALID: unusable,
  AUDIO_CHANNELS_INVALID: unusable,
  AUDIO_TRACK_NOT_FOUND: unusable,
  AUDIO_DECODER_MISSING: [501, 501],
  AUDIO_DECODE_FAILED: unusable,
  AUDIO_DECODE_TIMEOUT: unusable,
  AUDIO_TOO_LARGE: [413, 413],
  AUDIO_TOO_LONG: unusable,
  AUDIO_TOO_SHORT: unusable,
  AUDIO_SILENT: unusable,
  AUDIO_NO_SPEECH: unusable,
  AUDIO_BASE64_INVALID: malformed,
  FILE_NOT_FOUND: ours,
  FILE_UNREADABLE: ours,
  FILE_UNWRITABLE: ours,
  URL_INVALID: malformed,
  URL_FORBIDDEN: unusable,
  URL_UNREACHABLE: unusable,
  URL_TOO_LARGE: unusable,
  URL_TIMEOUT: unusable,
  LIVE_UNREACHABLE: unusable,
  LIVE_TLS_FAILED: unusable,
  LIVE_UNAUTHORIZED: unusable,
  LIVE_NOT_FOUND: unusable,
  LIVE_NO_AUDIO: unusable,
  LIVE_LOST: unusable,
  LIVE_STALLED: unusable,
  LIVE_DEVICE_UNAVAILABLE: ours,
  LIVE_PORT_UNAVAILABLE: ours,
  SIP_LISTEN_FAILED: ours,
  SIP_UNREACHABLE: unusable,
  SIP_TLS_FAILED: unusable,
  SIP_REGISTER_REFUSED: unusable,
  SIP_CALL_REFUSED: unusable,
  SIP_BUSY: unusable,
  SIP_DECLINED: unusable,
  SIP_NOT_FOUND: unusable,
  SIP_UNAUTHORIZED: unusable,
  SIP_CODEC_MISMATCH: unusable,
  SIP_NO_MEDIA: unusable,
  SIP_SESSION_EXPIRED: unusable,
  MQTT_UNREACHABLE: unusable,
  MQTT_UNAUTHORIZED: unusable,
  MQTT_TLS_FAILED: unusable,
  MQTT_MESSAGES_LOST: unusable,
  CREDENTIALS_IN_URL: malformed,
  ENROLL_REFUSED: unusable,
  CONSENT_REQUIRED: unusable,
  SPEAKER_ID_INVALID: malformed,
  SPEAKER_NOT_FOUND: [400, 404],
  SPEAKER_INCOMPLETE: [400, 409],
  SPEAKER_EXISTS: [400, 409],
  CLUSTER_NOT_FOUND: [400, 404],
  TURN_NOT_FOUND: [400, 404],
  FEEDBACK_NOT_FOUND: [400, 404],
  NAME_TAKEN: [400, 409],
  SAMPLE_NOT_FOUND: [400, 404],
  KEY_NOT_FOUND: [400, 404],
  REGISTRY_UNAVAILABLE: away,
  REGISTRY_LOCKED: away,
  REGISTRY_CORRUPT: ours,
  REGISTRY_KEY_MISSING: ours,
  REGISTRY_KEY_WRONG: ours,
  REGISTRY_VERSION_NEWER: ours,
  MODEL_NOT_FOUND: ours,
  MODEL_INVALID: ours,
  MODEL_IN_USE: ours,
  JOB_NOT_FOUND: [404, 404],
  JOB_CONFLICT: [400, 409],
  JOB_POISONED: unusable,
  JOB_EXPIRED: unusable,
  JOBS_FULL: [429, 429],
  JOBS_LOCKED: away,
  WEBHOOK_NOT_FOUND: [404, 404],
  INFERENCE_UNAVAILABLE: away,
  INFERENCE_FAILED: ours,
  CONFIG_INVALID: ours,
  INPUT_INVALID: malformed,
  ENGINE_BUSY: [429, 429],
  ENGINE_CLOSED: away,
  ABORTED: away,
  INTERNAL: ours,
  USAGE: ours,
};

/** Message of an internal fault: never the engine's message, which may name files of the server. */
const OUR_FAULT: Readonly<Record<number, string>> = {
  500: 'the server failed; try again; if it fails again, give the x-request-id of this answer to its operator',
  501: 'this server has no decoder for this audio; send WAV, or ask its operator to install GStreamer',
  503: 'the server cannot answer now; try again',
};

/** Converts any thrown value to a refusal. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof RefusedError) return thrown.refusal;
  const error = asVoicePrintsError(thrown);
  const [deepaffectsStatus, v1Status] = STATUSES[error.code];
  const isOurs = deepaffectsStatus >= 500;
  return {
    deepaffectsStatus,
    v1Status,
    type: isOurs ? 'api_error' : deepaffectsStatus === 429 ? 'rate_limit' : 'params_invalid',
    code: error.code,
    message: isOurs ? (OUR_FAULT[deepaffectsStatus] ?? 'the server failed') : error.message,
    ...(deepaffectsStatus === 429 || deepaffectsStatus === 503
      ? { headers: { 'retry-after': retryAfter(error) } }
      : {}),
    ...(isOurs ? {} : extraOf(error)),
  };
}

/** Two seconds, unless the error specifies another time. */
const retryAfter = ({ details }: VoicePrintsError): string => String(details.retryAfterSeconds ?? 2);

function extraOf(error: VoicePrintsError): { readonly extra?: Readonly<Record<string, unknown>> } {
  return Object.keys(error.details).length === 0 ? {} : { extra: { details: error.details } };
}

/** Handler of every other method on a known path. */
export const refuseMethod = (methods: string) => async (): Promise<never> => {
  const message = `this path does not have the method; use ${methods}`;
  // Express answers HEAD wherever it answers GET.
  throw httpRefusal('METHOD_NOT_ALLOWED', message, { allow: methods.replace('GET', 'GET, HEAD') });
};

/** Handler of every unknown path below one of our prefixes. */
export const refuseRoute = async (): Promise<never> => {
  throw httpRefusal('ROUTE_UNKNOWN', 'there is no such call; GET /v1/openapi.json and docs/rest.md list the calls');
};
