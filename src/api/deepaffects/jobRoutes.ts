import type { Router } from 'express';
import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { Jobs, JobTask, JobView } from '../../engine/jobs/jobs.js';
import { type Scope, visibleOwner } from '../access/caller.js';
import { asyncQuery, JOB_SCHEMAS, oneJob, pageQuery, taskOf } from '../calls/asyncSchemas.js';
import { readCarriedAudio } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { parseInput } from '../calls/schemas.js';
import { faultDialect } from '../refusals/dialect.js';
import { refuseMethod, refuseRoute } from '../refusals/refusal.js';
import { deepaffectsJob } from './jobAnswers.js';

/** The asynchronous DeepAffects calls, each under both version paths. */
const CALLS: Readonly<Record<string, JobTask['kind']>> = {
  'diarization/identify': 'identify',
  diarize: 'diarize',
  vad: 'vad',
};

const LIST_LENGTH = 50;

/** Adds the asynchronous DeepAffects calls below `/audio/generic/api`, extended by polling, listing and cancelling. */
export function addAsyncRoutes(router: Router, surface: Surface): void {
  if (surface.jobs === undefined) return;
  const on = (handler: Handler, scope: Scope = 'identify', audio?: 'later') =>
    endpoint(surface, faultDialect, handler, { scope, audio });
  const status = (handler: Handler) => endpoint(surface, faultDialect, handler, { scope: 'identify', isStatus: true });
  for (const version of ['v1', 'v2']) {
    for (const [name, kind] of Object.entries(CALLS)) {
      const base = `/${version}/async/${name}`;
      const call = `/audio/generic/api${base}`;
      router
        .route(base)
        .post(on((request) => submit(request, kind, call), 'identify', 'later'))
        .get(status((request) => list(request, kind)))
        .all(on(refuseMethod('GET, POST')));
      router
        .route(`${base}/:requestId`)
        .get(status((request) => poll(request, kind)))
        .delete(on((request) => cancel(request, kind)))
        .all(on(refuseMethod('GET, DELETE')));
    }
  }
}

/** The jobs of the surface; without them the path does not exist. */
export const jobsOf = ({ surface }: Call): Promise<Jobs> => surface.jobs?.() ?? refuseRoute();

/** The id in the path; Express 4 and 5 have decoded it. */
const requestIdOf = ({ request }: Call): string => parseInput(oneJob, { ...request.params }).requestId;

/** The job in the path, if the key may see it. Throws JOB_NOT_FOUND, also for jobs of other keys. */
export async function visibleJob(call: Call): Promise<JobView> {
  const job = await (await jobsOf(call)).get(requestIdOf(call), call.tenantId);
  const ownerId = visibleOwner(call.caller);
  if (job === undefined || (ownerId !== undefined && job.ownerId !== ownerId)) throw jobNotFound();
  return job;
}

const jobNotFound = () =>
  new VoicePrintsError('JOB_NOT_FOUND', 'no job has this request id; check it, or its outcome has expired');

async function submit(call: Call, kind: JobTask['kind'], name: string): Promise<Answer> {
  const jobs = await jobsOf(call);
  const { request_id: requestId, webhook: webhookUrl } = parseInput(asyncQuery, call.query);
  const { body, query } = JOB_SCHEMAS[kind];
  const { fields, source } = await readCarriedAudio(call, body, query);
  const { tenantId, caller } = call;
  const { job } = await jobs.submit({
    tenantId,
    ownerId: caller.ownerId,
    call: name,
    task: taskOf(kind, fields),
    source,
    ...present({ requestId, webhookUrl }),
  });
  return { status: 202, body: { request_id: job.requestId, api: job.call } };
}

async function list(call: Call, kind: JobTask['kind']): Promise<Answer> {
  const { limit = LIST_LENGTH, cursor } = parseInput(pageQuery, call.query);
  const { jobs, cursor: next } = await (await jobsOf(call)).list(
    { limit, cursor, ownerId: visibleOwner(call.caller) },
    call.tenantId,
  );
  const mine = jobs.filter((job) => job.kind === kind);
  return { status: 200, body: { jobs: mine.map(deepaffectsJob), ...present({ cursor: next }) } };
}

async function poll(call: Call, kind: JobTask['kind']): Promise<Answer> {
  return { status: 200, body: deepaffectsJob(await jobIn(call, kind)) };
}

async function cancel(call: Call, kind: JobTask['kind']): Promise<Answer> {
  await jobIn(call, kind);
  return { status: 200, body: deepaffectsJob(await cancelOrErase(call)) };
}

/** Cancels a queued or running job; erases an ended one. Answers with its final state. */
export async function cancelOrErase(call: Call): Promise<JobView> {
  const jobs = await jobsOf(call);
  const before = await visibleJob(call);
  const { requestId, tenantId } = before;
  if (before.endedAtMs === null) return jobs.cancel(requestId, tenantId);
  await jobs.erase(requestId, tenantId);
  return { ...before, outcome: null };
}

async function jobIn(call: Call, kind: JobTask['kind']): Promise<JobView> {
  const job = await visibleJob(call);
  if (job.kind !== kind) throw jobNotFound();
  return job;
}
