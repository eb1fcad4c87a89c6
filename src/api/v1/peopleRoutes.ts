import type { Router } from 'express';
import { present } from '../../core/present.js';
import type { Scope } from '../access/caller.js';
import { readSmallJson } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { mergeBody, oneSample, oneSpeaker, parseInput, splitBody } from '../calls/schemas.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod } from '../refusals/refusal.js';

/** Adds what can be done to people after they were enrolled: their samples, merging, splitting. */
export function addPeopleRoutes(router: Router, surface: Surface): void {
  const on = (handler: Handler, scope: Scope) => endpoint(surface, problemDialect, handler, { scope });
  router
    .route('/v1/speakers/:speakerId/samples/:sampleId')
    .delete(on(removeSample, 'admin'))
    .all(on(refuseMethod('DELETE'), 'identify'));
  router
    .route('/v1/speakers/:speakerId/merge')
    .post(on(merge, 'admin'))
    .all(on(refuseMethod('POST'), 'identify'));
  router
    .route('/v1/speakers/:speakerId/split')
    .post(on(split, 'admin'))
    .all(on(refuseMethod('POST'), 'identify'));
}

const speakersOf = ({ surface, tenantId, options }: Call) => surface.engine.speakers(tenantId, options.actor);
const idOf = ({ request }: Call): string => parseInput(oneSpeaker, { ...request.params }).speakerId;

/** `GET /v1/speakers/{speakerId}/samples`. */
export async function listSamples(call: Call): Promise<Answer> {
  return { status: 200, body: { samples: await speakersOf(call).samples(idOf(call)) } };
}

async function removeSample(call: Call): Promise<Answer> {
  const { speakerId, sampleId } = parseInput(oneSample, { ...call.request.params });
  return { status: 200, body: await speakersOf(call).removeSample(speakerId, sampleId) };
}

async function merge(call: Call): Promise<Answer> {
  const { fromId, isSure } = parseInput(mergeBody, await readSmallJson(call));
  return { status: 200, body: await speakersOf(call).merge(idOf(call), fromId, present({ isSure })) };
}

async function split(call: Call): Promise<Answer> {
  const { sampleIds, speakerId, ...others } = parseInput(splitBody, await readSmallJson(call));
  return { status: 200, body: await speakersOf(call).split(idOf(call), { sampleIds, speakerId, ...present(others) }) };
}
