import type { Router } from 'express';
import { VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult, SpeakerSummary } from '../../core/identification.js';
import { present } from '../../core/present.js';
import type { Scope } from '../access/caller.js';
import { readAudioInput, readSmallJson } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import {
  enrollBody,
  enrollQuery,
  identifyBody,
  identifyQuery,
  listQuery,
  oneSpeaker,
  parseInput,
  peopleOf,
} from '../calls/schemas.js';
import { faultDialect } from '../refusals/dialect.js';
import { RefusedError, refuseMethod, refuseRoute } from '../refusals/refusal.js';
import { identifyAnswer } from './answers.js';
import { type Version, withSyncHint } from './syncCall.js';
import { diarize } from './syncDiarize.js';

/** Adds the DeepAffects calls below `/audio/generic/api`, each under both version paths. */
export function addDeepaffectsRoutes(router: Router, surface: Surface): void {
  const on = (handler: Handler, scope: Scope, audio?: 'now') =>
    endpoint(surface, faultDialect, handler, { scope, audio });
  for (const version of ['v1', 'v2'] as const) {
    const base = `/${version}/sync/diarization`;
    router
      .route(`${base}/enroll`)
      .post(on((call) => enroll(call, version), 'enrol', 'now'))
      .get(on(enrollStatus, 'enrol'))
      .all(on(refuseMethod('GET, POST'), 'identify'));
    router
      .route(`${base}/delete`)
      .post(on(deleteSpeaker, 'admin'))
      .all(on(refuseMethod('POST'), 'identify'));
    router
      .route(`${base}/get_enrolled_speakers`)
      .get(on(enrolledSpeakers, 'enrol'))
      .all(on(refuseMethod('GET'), 'identify'));
    router
      .route(`${base}/identify`)
      .post(on(identify, 'identify', 'now'))
      .all(on(refuseMethod('POST'), 'identify'));
    router
      .route(`/${version}/sync/diarize`)
      .post(on((call) => diarize(call, version), 'identify', 'now'))
      .all(on(refuseMethod('POST'), 'identify'));
  }
  router.use(on(refuseRoute, 'identify'));
}

async function enroll(call: Call, version: Version): Promise<Answer> {
  const { fields, source } = await readAudioInput(call, enrollBody, enrollQuery);
  const { engine, limits } = call.surface;
  const { speakerId, name, consentText, consentVersion, languageCode } = fields;
  const result = await engine.enroll(
    {
      tenantId: call.tenantId,
      speakerId,
      samples: [source],
      ...present({ name, consentText, consentVersion, languageCode }),
      limits: { maxDurationMs: limits.maxEnrollMs, maxBytes: limits.maxBodyBytes, maxDecodeMs: limits.maxDecodeMs },
    },
    call.options,
  );
  const state = result.status === 'rejected' ? await stateOfRepeated(call, result) : stateOf(result);
  if (state === undefined) throw new RefusedError(enrolmentRefusal(result));
  const isComplete = state.enrollment_complete;
  const message = isComplete && version === 'v1' ? 'Complete' : 'Success';
  return { status: 200, body: { message, ...state, remarks: remarksOf(result) } };
}

const stateOf = (result: EnrollResult) => ({
  speaker_id: result.speakerId,
  enroll_quality: result.quality,
  enrollment_complete: result.status === 'complete',
  total_speech_duration: result.speechSeconds,
  total_enroll_duration: result.audioSeconds,
});

/**
 * The state of a person whose recording was refused only because it was enrolled before, else undefined. A client that
 * sends a recording again, because the first answer did not reach it, has what it wants.
 */
async function stateOfRepeated({ surface, tenantId }: Call, { speakerId, reasons }: EnrollResult) {
  const isRepeated = reasons.every(({ code, refuses }) => code === 'SAME_RECORDING' || !refuses);
  const speaker = isRepeated ? await surface.engine.speakers(tenantId).get(speakerId) : undefined;
  return speaker && statusOf(speaker);
}

const remarksOf = ({ reasons }: EnrollResult) => reasons.map(({ refuses: _, ...remark }) => remark);

/** Exactly as the DeepAffects service answers, including its misspelling: clients compare with it. */
const TOO_LITTLE_SPEECH = 'Error in enroll: Insufficent speech content in audio';

/** The message is the DeepAffects service's sentence; the remedy is in `reasons`. */
function enrolmentRefusal(result: EnrollResult) {
  const refusing = result.reasons.filter(({ refuses }) => refuses);
  const isTooShort = refusing.some(({ code }) => code === 'TOO_LITTLE_SPEECH' || code === 'TOO_QUIET');
  return {
    deepaffectsStatus: 400,
    v1Status: 422,
    type: 'params_invalid',
    code: 'ENROLL_REFUSED',
    message: isTooShort ? TOO_LITTLE_SPEECH : refusing.map(({ message }) => message).join('; '),
    extra: { speaker_id: result.speakerId, reasons: remarksOf(result) },
  } as const;
}

const statusOf = (speaker: SpeakerSummary) => ({
  speaker_id: speaker.speakerId,
  enrollment_complete: speaker.isComplete,
  total_speech_duration: speaker.speechSeconds,
  total_enroll_duration: speaker.audioSeconds,
  enroll_quality: speaker.quality,
});

async function enrollStatus({ surface, tenantId, query }: Call): Promise<Answer> {
  const { speakerId } = parseInput(oneSpeaker, query);
  const speaker = await surface.engine.speakers(tenantId).get(speakerId);
  if (speaker === undefined) {
    throw new VoicePrintsError('SPEAKER_NOT_FOUND', `no speaker is enrolled as ${speakerId}; enrol this speaker first`);
  }
  return { status: 200, body: { message: 'Success', ...statusOf(speaker) } };
}

/** Fields may come in the query too, as on the other calls; the body goes before it. */
const withQuery = ({ query }: Call, body: unknown) =>
  typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...query, ...body } : body;

async function deleteSpeaker(call: Call): Promise<Answer> {
  const { speakerId } = parseInput(oneSpeaker, withQuery(call, await readSmallJson(call)));
  const { surface, tenantId, options } = call;
  const isDeleted = await surface.engine.speakers(tenantId, options.actor).delete(speakerId);
  return { status: 200, body: { message: isDeleted ? 'Success' : 'Failure' } };
}

async function enrolledSpeakers({ surface, tenantId, query }: Call): Promise<Answer> {
  const { getAllSpeakers } = parseInput(listQuery, query);
  const isAll = ['true', '1', 'yes'].includes(getAllSpeakers);
  const speakers = await surface.engine.speakers(tenantId).list();
  const listed = speakers.filter(({ isComplete }) => isAll || isComplete);
  return { status: 200, body: { developer_id: tenantId, enrolled_speaker_ids: listed.map(statusOf) } };
}

async function identify(call: Call): Promise<Answer> {
  const { fields, source } = await readAudioInput(call, identifyBody, identifyQuery);
  const { engine, limits } = call.surface;
  const { speakerIds, falseAcceptPercent, separateSpeakerPerChannel: isSpeakerPerChannel } = fields;
  const result = await engine
    .identify(
      {
        tenantId: call.tenantId,
        source,
        ...present({ speakerIds, falseAcceptPercent, isSpeakerPerChannel, ...peopleOf(fields) }),
        limits: { maxDurationMs: limits.maxIdentifyMs, maxBytes: limits.maxBodyBytes, maxDecodeMs: limits.maxDecodeMs },
      },
      call.options,
    )
    .catch((error: unknown) => {
      throw withSyncHint(error, limits.maxIdentifyMs);
    });
  return { status: 200, body: identifyAnswer(result) };
}
