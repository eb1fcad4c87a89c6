import type { Refusal, RefusalType } from './refusal.js';

/** The whole text of a 401 there, whatever is wrong with the key: clients may compare it. */
const WRONG_KEY = 'Invalid ApiKey';

/** The format of refusals of a surface. */
export interface Dialect {
  readonly contentType: string;
  status(refusal: Refusal): number;
  body(refusal: Refusal): unknown;
}

const FAULT_CODES: Readonly<Record<RefusalType, string>> = {
  params_invalid: 'com.deepaffects.BadRequest',
  invalid_key: 'oauth.v2.InvalidApiKey',
  quota: 'com.deepaffects.OverQuota',
  forbidden: 'com.deepaffects.Forbidden',
  unknown_route: 'com.deepaffects.UnknownRoute',
  rate_limit: 'com.deepaffects.RateLimit',
  api_error: 'com.deepaffects.ApiError',
};

/** `{"fault": …}` with both published spellings; a wrong key is answered exactly as by the DeepAffects service. */
export const faultDialect: Dialect = {
  contentType: 'application/json; charset=utf-8',
  status: (refusal) => refusal.deepaffectsStatus,
  body: ({ type, code, message, extra }) => {
    const errorcode = FAULT_CODES[type];
    if (type === 'invalid_key') return { fault: { faultstring: WRONG_KEY, detail: { errorcode } } };
    return {
      fault: {
        faultstring: message,
        fault_string: message,
        detail: { errorcode, error_code: errorcode, error_type: type, code, ...extra },
      },
    };
  },
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** Problem details of RFC 9457; `code` is stable, `detail` is for people. */
export const problemDialect: Dialect = {
  contentType: 'application/problem+json; charset=utf-8',
  status: (refusal) => refusal.v1Status,
  body: ({ v1Status, code, message, extra }) => ({
    type: `urn:voice-prints:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: TITLES[v1Status] ?? 'Error',
    status: v1Status,
    detail: message,
    code,
    ...extra,
  }),
};
