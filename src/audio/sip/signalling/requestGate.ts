import type { IncomingRequestMessage, UserAgentCore } from 'sip.js/lib/core/index.js';
import { keepDescription } from './messageBody.js';
import { isTooBrief, MIN_SESSION_SECONDS } from './sessionExpires.js';
import { keepBestChallenge } from './sipDigest.js';
import { METHODS } from './sipMessage.js';

/** `100rel` has no effect on a side that sends no provisional answers but 100 (RFC 3262, 3). */
const KNOWN_OPTIONS = new Set(['100rel', 'timer']);
/** Requests whose answers are remembered, for 32 s each: sip.js looks through all of them at every new call. */
const MAX_TRANSACTIONS = 1_000;
const MAX_OPTIONS = 16;

/** A final answer that leaves nothing behind here. */
export interface GateAnswer {
  readonly status: number;
  readonly headers?: readonly string[];
}

export interface GateOptions {
  /** Why a new call is not taken. */
  readonly refusalOf: (request: IncomingRequestMessage) => GateAnswer | undefined;
  /** @param unknown extensions it requires and that are not here */
  /** A request that sip.js does not know, within a call. Never throws. */
  readonly onUpdate: (request: IncomingRequestMessage) => void;
  readonly extensionRefusal: (request: IncomingRequestMessage, unknown: readonly string[]) => GateAnswer;
}

/**
 * Stands before sip.js: answers what is refused anyway, before it costs memory (RFC 3261, 8.2.7), and what sip.js would
 * answer with a final answer that never comes.
 */
export function guardRequests(core: UserAgentCore, options: GateOptions): void {
  const { receiveIncomingRequestFromTransport: takeRequest, receiveIncomingResponseFromTransport: takeResponse } = core;
  core.receiveIncomingRequestFromTransport = (request) => {
    keepDescription(request);
    const answer = answerOf(core, request, options);
    if (answer) core.replyStateless(request, { statusCode: answer.status, extraHeaders: [...(answer.headers ?? [])] });
    else if (request.method === 'UPDATE') options.onUpdate(request);
    else takeRequest.call(core, request);
  };
  core.receiveIncomingResponseFromTransport = (response) => {
    keepDescription(response);
    keepBestChallenge(response);
    takeResponse.call(core, response);
  };
}

function answerOf(core: UserAgentCore, request: IncomingRequestMessage, options: GateOptions): GateAnswer | undefined {
  const { method, toTag, viaBranch } = request;
  // These two are never refused; a known one is only a retransmission.
  if (method === 'ACK' || method === 'CANCEL' || core.userAgentServers.has(viaBranch)) return undefined;
  const unknown = unknownOptions(request);
  if (unknown.length > 0) return options.extensionRefusal(request, unknown);
  const byMethod = toTag ? answerInCall(method) : answerOutsideCalls(method);
  if (byMethod) return byMethod;
  if (isTooBrief(request)) return { status: 422, headers: [`Min-SE: ${MIN_SESSION_SECONDS}`] };
  const refusal = method === 'INVITE' && !toTag ? options.refusalOf(request) : undefined;
  if (refusal || method === 'BYE') return refusal;
  return core.userAgentServers.size >= MAX_TRANSACTIONS ? { status: 503, headers: ['Retry-After: 5'] } : undefined;
}

/** RFC 3261, 8.2.2.3. */
function unknownOptions(request: IncomingRequestMessage): string[] {
  const named = request.getHeaders('require').flatMap((header) => header.split(',', MAX_OPTIONS));
  const options = named
    .map((option) => option.trim().toLowerCase())
    .filter((option) => /^[\w.!%*+`'~-]+$/.test(option));
  return options.filter((option) => !KNOWN_OPTIONS.has(option)).slice(0, MAX_OPTIONS);
}

const NOT_ALLOWED: GateAnswer = { status: 405, headers: [`Allow: ${METHODS}`] };

/** A receive-only telephone accepts no transfers (REFER) and no texts, and has no subscriptions. */
function answerInCall(method: string): GateAnswer | undefined {
  if (method === 'REFER') return { status: 603 };
  if (method === 'NOTIFY') return { status: 489 };
  if (method === 'PRACK') return { status: 481 };
  return METHODS.split(', ').includes(method) ? undefined : NOT_ALLOWED;
}

function answerOutsideCalls(method: string): GateAnswer | undefined {
  if (method === 'NOTIFY' || method === 'PRACK' || method === 'UPDATE') return { status: 481 };
  return METHODS.split(', ').includes(method) ? undefined : NOT_ALLOWED;
}
