import type { Router } from 'express';
import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { Scope } from '../access/caller.js';
import { readAudioInput, readSmallJson } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { assertKnownQuery } from '../calls/knownQuery.js';
import {
  identifyBody,
  identifyQuery,
  oneSpeaker,
  oneUnknown,
  parseInput,
  peopleOf,
  sampleBody,
  sampleQuery,
  speakerPatch,
  speakersQuery,
  trialQuery,
} from '../calls/schemas.js';
import { problemDialect } from '../refusals/dialect.js';
import { RefusedError, refuseMethod, refuseRoute } from '../refusals/refusal.js';
import { listSamples } from './peopleRoutes.js';
import { timelineAnswer, wantsTimeline } from './timelineAnswer.js';

/** Adds `/v1/speakers…`, `/v1/unknown-voices…` and `/v1/identify`. Answers have the engine's own types. */
export function addV1Routes(router: Router, surface: Surface): void {
  const on = (handler: Handler, scope: Scope, audio?: 'now') =>
    endpoint(surface, problemDialect, handler, { scope, audio });
  router
    .route('/v1/speakers')
    .get(on(list, 'enrol'))
    .all(on(refuseMethod('GET'), 'identify'));
  router
    .route('/v1/speakers/:speakerId')
    .get(on(show, 'enrol'))
    .patch(on(rename, 'admin'))
    .delete(on(erase, 'admin'))
    .all(on(refuseMethod('GET, PATCH, DELETE'), 'identify'));
  router
    .route('/v1/speakers/:speakerId/samples')
    .get(on(listSamples, 'enrol'))
    .post(on(addSample, 'enrol', 'now'))
    .all(on(refuseMethod('GET, POST'), 'identify'));
  router
    .route('/v1/unknown-voices')
    .get(endpoint(surface, problemDialect, listUnknown, { scope: 'enrol', isStatus: true }))
    .all(on(refuseMethod('GET'), 'identify'));
  router
    .route('/v1/unknown-voices/:unknownId')
    .delete(on(forgetUnknown, 'admin'))
    .all(on(refuseMethod('DELETE'), 'identify'));
  router
    .route('/v1/identify')
    .post(on(identify, 'identify', 'now'))
    .all(on(refuseMethod('POST'), 'identify'));
  router.use(['/v1/speakers', '/v1/unknown-voices', '/v1/identify'], on(refuseRoute, 'identify'));
}

const idOf = ({ request }: Call): string => parseInput(oneSpeaker, { ...request.params }).speakerId;

const notFound = (speakerId: string) =>
  new VoicePrintsError(
    'SPEAKER_NOT_FOUND',
    `no speaker is enrolled as ${speakerId}; check the id, or enrol this speaker first`,
  );

const PAGE_LENGTH = 50;

/** Everybody where no page is asked for, as before there were pages. */
async function list({ surface, tenantId, query }: Call): Promise<Answer> {
  assertKnownQuery(query, speakersQuery);
  const { limit, cursor } = parseInput(speakersQuery, query);
  const directory = surface.engine.speakers(tenantId);
  if (limit === undefined && cursor === undefined) {
    return { status: 200, body: { speakers: await directory.list(), cursor: null } };
  }
  const { speakers, cursor: next } = await directory.page({ limit: limit ?? PAGE_LENGTH, cursor });
  return { status: 200, body: { speakers, cursor: next ?? null } };
}

async function show(call: Call): Promise<Answer> {
  const speakerId = idOf(call);
  const speaker = await call.surface.engine.speakers(call.tenantId).get(speakerId);
  if (speaker === undefined) throw notFound(speakerId);
  return { status: 200, body: speaker };
}

async function rename(call: Call): Promise<Answer> {
  const speakerId = idOf(call);
  const { name } = parseInput(speakerPatch, await readSmallJson(call));
  const speakers = call.surface.engine.speakers(call.tenantId, call.options.actor);
  return { status: 200, body: await speakers.rename(speakerId, name) };
}

async function erase(call: Call): Promise<Answer> {
  const speakerId = idOf(call);
  const speakers = call.surface.engine.speakers(call.tenantId, call.options.actor);
  if (!(await speakers.delete(speakerId))) throw notFound(speakerId);
  return { status: 204 };
}

async function listUnknown({ surface, tenantId }: Call): Promise<Answer> {
  const { engine } = surface;
  return {
    status: 200,
    body: { strangers: engine.strangers, unknownVoices: await engine.speakers(tenantId).unknowns() },
  };
}

async function forgetUnknown({ request, surface, tenantId, options }: Call): Promise<Answer> {
  const { unknownId } = parseInput(oneUnknown, { ...request.params });
  if (await surface.engine.speakers(tenantId, options.actor).forgetUnknown(unknownId)) return { status: 204 };
  throw new VoicePrintsError(
    'CLUSTER_NOT_FOUND',
    'there is no such unknown voice; GET /v1/unknown-voices lists those that are kept',
  );
}

async function addSample(call: Call): Promise<Answer> {
  const speakerId = idOf(call);
  assertKnownQuery(call.query, sampleBody, sampleQuery);
  const { fields, source } = await readAudioInput(call, sampleBody, sampleQuery);
  const { engine, limits } = call.surface;
  const { name, consentText, consentVersion, languageCode } = fields;
  // Wherever it is said: to overlook it would enrol somebody.
  const isTrial = fields.isTrial || parseInput(trialQuery, call.query).isTrial;
  if (isTrial) call.countNoMinutes();
  const result = await engine.enroll(
    {
      tenantId: call.tenantId,
      speakerId,
      samples: [source],
      ...present({ name, consentText, consentVersion, languageCode, isTrial }),
      limits: { maxDurationMs: limits.maxEnrollMs, maxBytes: limits.maxBodyBytes, maxDecodeMs: limits.maxDecodeMs },
    },
    call.options,
  );
  if (isTrial || result.status !== 'rejected') return { status: 200, body: result };
  throw new RefusedError({
    deepaffectsStatus: 400,
    v1Status: 422,
    type: 'params_invalid',
    code: 'ENROLL_REFUSED',
    message: result.reasons.flatMap(({ refuses, message }) => (refuses ? [message] : [])).join('; '),
    extra: { reasons: result.reasons },
  });
}

async function identify(call: Call): Promise<Answer> {
  assertKnownQuery(call.query, identifyBody, identifyQuery);
  const { fields, source } = await readAudioInput(call, identifyBody, identifyQuery);
  const { engine, limits } = call.surface;
  const { speakerIds, falseAcceptPercent, separateSpeakerPerChannel: isSpeakerPerChannel } = fields;
  const result = await engine.identify(
    {
      tenantId: call.tenantId,
      source,
      ...present({ speakerIds, falseAcceptPercent, isSpeakerPerChannel, ...peopleOf(fields) }),
      limits: { maxDurationMs: limits.maxIdentifyMs, maxBytes: limits.maxBodyBytes, maxDecodeMs: limits.maxDecodeMs },
    },
    call.options,
  );
  return wantsTimeline(call) ? timelineAnswer(call, result) : { status: 200, body: result };
}
