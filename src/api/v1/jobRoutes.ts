import type { Router } from 'express';
import { present } from '../../core/present.js';
import type { DeadLetter } from '../../engine/jobs/jobs.js';
import { type Scope, visibleOwner } from '../access/caller.js';
import { jobBody, jobHeaders, jobQuery, oneWebhook, pageQuery, taskOf } from '../calls/asyncSchemas.js';
import { readCarriedAudio } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { assertKnownQuery } from '../calls/knownQuery.js';
import { parseInput } from '../calls/schemas.js';
import { cancelOrErase, jobsOf, visibleJob } from '../deepaffects/jobRoutes.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod, refuseRoute } from '../refusals/refusal.js';
import { iso, v1Job, webhookAnswer } from './jobAnswers.js';
import { drawableResult, timelineAnswer, wantsTimeline } from './timelineAnswer.js';

const LIST_LENGTH = 50;

/** Adds `/v1/jobs…` and `/v1/webhooks…`. */
export function addJobRoutes(router: Router, surface: Surface): void {
  if (surface.jobs === undefined) return;
  const on = (handler: Handler, scope: Scope = 'identify', audio?: 'later') =>
    endpoint(surface, problemDialect, handler, { scope, audio });
  const status = (handler: Handler, scope: Scope = 'identify') =>
    endpoint(surface, problemDialect, handler, { scope, isStatus: true });
  router
    .route('/v1/jobs')
    .post(on(submit, 'identify', 'later'))
    .get(status(list))
    .all(on(refuseMethod('GET, POST')));
  router
    .route('/v1/jobs/:requestId')
    .get(status(show))
    .delete(on(cancel))
    .all(on(refuseMethod('GET, DELETE')));
  router
    .route('/v1/webhooks/dead-letters')
    .get(status(deadLetters, 'admin'))
    .all(on(refuseMethod('GET')));
  router
    .route('/v1/webhooks/dead-letters/:webhookId/resend')
    .post(on(resend, 'admin'))
    .all(on(refuseMethod('POST')));
  router
    .route('/v1/webhooks/secret')
    .post(on(rotateSecret, 'admin'))
    .all(on(refuseMethod('POST')));
  router.use(['/v1/jobs', '/v1/webhooks'], on(refuseRoute));
}

async function submit(call: Call): Promise<Answer> {
  const jobs = await jobsOf(call);
  assertKnownQuery(call.query, jobBody, jobQuery);
  const { fields, source } = await readCarriedAudio(call, jobBody, jobQuery);
  const header = parseInput(jobHeaders, { 'Idempotency-Key': call.request.headers['idempotency-key'] });
  const requestId = fields.requestId ?? header['Idempotency-Key'];
  const { job, isNew } = await jobs.submit({
    tenantId: call.tenantId,
    ownerId: call.caller.ownerId,
    call: '/v1/jobs',
    task: taskOf(fields.kind, fields),
    source,
    ...present({ requestId, webhookUrl: fields.webhook }),
  });
  call.response.setHeader('location', `/v1/jobs/${encodeURIComponent(job.requestId)}`);
  return { status: isNew ? 202 : 200, body: v1Job(job) };
}

async function list(call: Call): Promise<Answer> {
  assertKnownQuery(call.query, pageQuery);
  const { limit = LIST_LENGTH, cursor } = parseInput(pageQuery, call.query);
  const { jobs, cursor: next } = await (await jobsOf(call)).list(
    { limit, cursor, ownerId: visibleOwner(call.caller) },
    call.tenantId,
  );
  return { status: 200, body: { jobs: jobs.map(v1Job), cursor: next ?? null } };
}

async function show(call: Call): Promise<Answer> {
  const job = await visibleJob(call);
  const drawable = drawableResult(job);
  // A job that has no turns, or none yet, is shown as it is.
  if (wantsTimeline(call) && drawable) return timelineAnswer(call, drawable);
  return { status: 200, body: v1Job(job) };
}

async function cancel(call: Call): Promise<Answer> {
  return { status: 200, body: v1Job(await cancelOrErase(call)) };
}

async function deadLetters(call: Call): Promise<Answer> {
  assertKnownQuery(call.query, pageQuery);
  const { limit = LIST_LENGTH } = parseInput(pageQuery, call.query);
  const letters = await (await jobsOf(call)).deadLetters(limit, call.tenantId);
  return { status: 200, body: { deadLetters: letters.map(deadLetterAnswer) } };
}

/** A dead letter as answers and the command line show it. */
export const deadLetterAnswer = (letter: DeadLetter) => ({
  ...webhookAnswer(letter),
  requestId: letter.requestId,
  address: letter.address,
  createdAt: iso(letter.createdAtMs),
  endedAt: iso(letter.endedAtMs),
});

async function resend(call: Call): Promise<Answer> {
  const { webhookId } = parseInput(oneWebhook, { ...call.request.params });
  await (await jobsOf(call)).resend(webhookId, call.tenantId);
  return { status: 202, body: { webhookId, status: 'waiting' } };
}

/** Shown only once. */
async function rotateSecret(call: Call): Promise<Answer> {
  return { status: 201, body: { secret: await (await jobsOf(call)).rotateSecret(call.tenantId) } };
}
