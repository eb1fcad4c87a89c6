import type { Router } from 'express';
import { present } from '../../core/present.js';
import type { Scope } from '../access/caller.js';
import { readSmallJson } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { assertKnownQuery } from '../calls/knownQuery.js';
import {
  feedbackBody,
  forgetTurnsQuery,
  oneFeedback,
  oneUnknown,
  parseInput,
  turnsQuery,
  unknownEnrolBody,
} from '../calls/schemas.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod, refuseRoute } from '../refusals/refusal.js';

/** Adds `/v1/turns`, `/v1/feedback…` and the naming of unknown voices. Answers have the engine's own types. */
export function addFeedbackRoutes(router: Router, surface: Surface): void {
  const on = (handler: Handler, scope: Scope, isStatus = false) =>
    endpoint(surface, problemDialect, handler, { scope, isStatus });
  router
    .route('/v1/turns')
    .get(on(listTurns, 'enrol', true))
    .delete(on(forgetTurns, 'admin'))
    .all(on(refuseMethod('GET, DELETE'), 'identify'));
  router
    .route('/v1/feedback')
    .get(on(history, 'enrol'))
    .post(on(give, 'enrol'))
    .all(on(refuseMethod('GET, POST'), 'identify'));
  router
    .route('/v1/feedback/:feedbackId/undo')
    .post(on(undo, 'enrol'))
    .all(on(refuseMethod('POST'), 'identify'));
  router
    .route('/v1/unknown-voices/:unknownId/enrol')
    .post(on(enrolUnknown, 'enrol'))
    .all(on(refuseMethod('POST'), 'identify'));
  router.use(['/v1/turns', '/v1/feedback'], on(refuseRoute, 'identify'));
}

const turnsOf = ({ surface, tenantId, options }: Call) => surface.engine.turns(tenantId, options.actor);

async function listTurns(call: Call): Promise<Answer> {
  assertKnownQuery(call.query, turnsQuery);
  const filter = parseInput(turnsQuery, call.query);
  return { status: 200, body: { turns: await turnsOf(call).list(present(filter)) } };
}

async function forgetTurns(call: Call): Promise<Answer> {
  assertKnownQuery(call.query, forgetTurnsQuery);
  const { conversationId } = parseInput(forgetTurnsQuery, call.query);
  return { status: 200, body: { forgotten: await turnsOf(call).forget(conversationId) } };
}

async function history(call: Call): Promise<Answer> {
  return { status: 200, body: { feedback: await turnsOf(call).history() } };
}

async function give(call: Call): Promise<Answer> {
  const { verdict, ...fields } = parseInput(feedbackBody, await readSmallJson(call));
  return { status: 200, body: await turnsOf(call).feedback({ verdict, ...present(fields) }) };
}

async function undo(call: Call): Promise<Answer> {
  const { feedbackId } = parseInput(oneFeedback, { ...call.request.params });
  return { status: 200, body: await turnsOf(call).undo(feedbackId) };
}

async function enrolUnknown(call: Call): Promise<Answer> {
  const { unknownId: cluster } = parseInput(oneUnknown, { ...call.request.params });
  const fields = parseInput(unknownEnrolBody, await readSmallJson(call));
  return { status: 200, body: await turnsOf(call).feedback({ verdict: 'correct', cluster, ...present(fields) }) };
}
