import type { IncomingMessage } from 'node:http';
import { httpRefusal, type RefusedError } from '../refusals/refusal.js';
import type { ApiKeys } from './apiKeys.js';
import { type Caller, mayDo, type Scope } from './caller.js';
import { keyOf } from './keyOf.js';
import type { KeyThrottle } from './keyThrottle.js';
import type { TenantGate } from './tenantGate.js';
import type { SignedInUsers } from './trustedIngress.js';
import { callerAddress, type TrustedProxies } from './trustedProxies.js';

/** Recognises keys, throttles guessing, and enforces the limits of tenants. */
export interface KeyCheck {
  readonly keys: ApiKeys;
  readonly throttle: KeyThrottle;
  /** Proxies trusted to name the client's address; without them it is the address of the connection. */
  readonly proxies?: TrustedProxies | undefined;
  /** Gateway whose users need no key; none by default. */
  readonly ingress?: SignedInUsers | undefined;
  /** No limits without it. */
  readonly gate?: TenantGate | undefined;
}

/** Requirements of a call: a key with its scope and, where audio is processed, remaining minutes. */
export interface CallNeeds {
  /** `any`: every valid key may. */
  readonly scope: Scope | 'any';
  /** `now`: the caller waits for it; `later`: a job. */
  readonly audio?: 'now' | 'later' | undefined;
  /** Answers how things are, and is asked every few seconds: it uses up none of the calls that a tenant has. */
  readonly isStatus?: boolean | undefined;
}

/**
 * The caller with this key at this address; counts as one call, unless it asks for a status. Rejects with KEY_INVALID, KEY_SCOPE where the key lacks the
 * scope, QUOTA_USED_UP, or TOO_MANY_REQUESTS after too many wrong keys from the address or calls of the tenant.
 */
export async function admitCaller(check: KeyCheck, key: string, address: string, needs: CallNeeds): Promise<Caller> {
  const { keys, throttle } = check;
  const caller = key === '' ? undefined : keys.callerOf(key);
  if (caller === undefined) throw key === '' ? keyMissing() : wrongKey(throttle, address);
  return admitted(check, caller, needs);
}

/** The caller of an HTTP request: by its key or, without one, as the user whom the trusted ingress names; see admitCaller. */
export async function admitRequest(check: KeyCheck, request: IncomingMessage, needs: CallNeeds): Promise<Caller> {
  const key = keyOf(request);
  const user = key === '' ? check.ingress?.callerOf(request) : undefined;
  return user ? admitted(check, user, needs) : admitCaller(check, key, callerAddress(request, check.proxies), needs);
}

/** Waits only where other processes have to be asked. */
async function admitted({ gate }: KeyCheck, caller: Caller, { scope, audio, isStatus }: CallNeeds): Promise<Caller> {
  const { tenantId } = caller;
  if (scope !== 'any' && !mayDo(caller, scope)) throw scopeMissing(caller, scope);
  if (isStatus) gate?.look(tenantId);
  else await gate?.enter(tenantId);
  if (gate === undefined || audio === undefined) return caller;
  await gate.knowAudio(tenantId);
  gate.assertAudioLeft(tenantId);
  return caller;
}

/** The refusal of a call that needs another scope. */
export const scopeMissing = ({ user }: Caller, scope: Scope): RefusedError =>
  user === undefined
    ? httpRefusal('KEY_SCOPE', `this API key does not have this permission; use one with the scope ${scope}`)
    : httpRefusal(
        'KEY_SCOPE',
        `users of the ingress do not have this permission; allow them the scope ${scope}, or send an API key`,
      );

/** Only wrong keys are throttled: many callers may share one address, most of them with valid keys. */
function wrongKey(throttle: KeyThrottle, address: string): RefusedError {
  const waitSeconds = throttle.waitSeconds(address);
  if (waitSeconds === 0) {
    throttle.failed(address);
    return keyInvalid();
  }
  const message = 'too many wrong API keys from this address; wait as long as Retry-After says';
  return httpRefusal('TOO_MANY_REQUESTS', message, { 'retry-after': String(waitSeconds) });
}

const keyInvalid = () => httpRefusal('KEY_INVALID', 'Invalid ApiKey', { 'www-authenticate': 'Bearer' });

const keyMissing = () =>
  httpRefusal(
    'KEY_INVALID',
    'this call has no API key; send one as Authorization: Bearer KEY, or as the parameter apikey',
    { 'www-authenticate': 'Bearer' },
  );

/** Throws KEY_INVALID where the key was revoked, or its grace has ended, since it was admitted. Used by long-lived connections. */
export function assertStillHeld({ keys }: Pick<KeyCheck, 'keys'>, { keyId, user }: Caller): void {
  if (user === undefined && !keys.isHeld(keyId)) throw keyInvalid();
}

/** Admits a live stream; see admitCaller. */
export const admitStream = (check: KeyCheck, key: string, address: string): Promise<Caller> =>
  admitCaller(check, key, address, STREAM_NEEDS);

/** The caller of the request that opens a live stream; undefined where the first message has to bring a key. */
export const admitStreamRequest = async (check: KeyCheck, request: IncomingMessage): Promise<Caller | undefined> =>
  keyOf(request) === '' && check.ingress?.callerOf(request) === undefined
    ? undefined
    : admitRequest(check, request, STREAM_NEEDS);

const STREAM_NEEDS: CallNeeds = { scope: 'identify', audio: 'now' };
