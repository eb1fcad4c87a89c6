import type { CodeMeaning } from '../../core/codeGuide.js';
import type { HttpCode } from './refusal.js';

/** Explanations of the codes that occur only over HTTP, WebSocket and gRPC. */
export const HTTP_GUIDE: Readonly<Record<HttpCode, CodeMeaning>> = {
  KEY_INVALID: {
    means: 'the API key is missing, wrong, revoked or expired',
    remedy: 'send a valid key; see `voice-prints keys`',
  },
  QUOTA_USED_UP: {
    means: 'the tenant has used its minutes of audio for today',
    remedy: 'wait until tomorrow (UTC), or have the limit raised with `keys limit`',
  },
  KEY_SCOPE: {
    means: 'the key does not have this permission',
    remedy: 'use a key with the scope that the message names',
  },
  ROUTE_UNKNOWN: { means: 'there is no such call', remedy: 'check the path; `GET /v1/openapi.json` lists all calls' },
  METHOD_NOT_ALLOWED: { means: 'the call does not have this method', remedy: 'use a method of the header `Allow`' },
  BODY_TIMEOUT: { means: 'the body arrived too slowly', remedy: 'send it again over a faster connection' },
  BODY_TOO_LARGE: { means: 'the body is larger than allowed', remedy: 'send less, or a `url`' },
  BODY_TYPE_UNSUPPORTED: {
    means: 'a content type that this call does not read',
    remedy: 'send JSON, a form, or audio',
  },
  TOO_MANY_REQUESTS: { means: 'too many calls, streams or wrong keys', remedy: 'wait as long as `Retry-After` says' },
  HEAD_TOO_LARGE: {
    means: 'the request line and headers are larger than allowed',
    remedy: 'send long fields in the body',
  },
};
