import { jobBody, jobQuery, oneJob, oneWebhook, pageQuery } from '../calls/asyncSchemas.js';
import { identifyBody, identifyQuery, oneSpeaker, sampleBody, sampleQuery, speakerPatch } from '../calls/schemas.js';
import * as answers from './answers.js';
import type { Operation } from './operation.js';

const speaker = { parameters: oneSpeaker } as const;
const job = { parameters: oneJob } as const;

/** Every modern call, in the order the document lists them. */
export const OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'get', path: '/v1/speakers', operationId: 'listSpeakers', summary: 'Everybody enrolled' },
    ...{ scope: 'enrol', status: 200, answer: answers.speakers },
  },
  {
    ...{ method: 'get', path: '/v1/speakers/{speakerId}', operationId: 'getSpeaker', summary: 'One person' },
    ...{ ...speaker, scope: 'enrol', status: 200, answer: answers.speaker },
  },
  {
    ...{ method: 'patch', path: '/v1/speakers/{speakerId}', operationId: 'renameSpeaker', summary: 'Another name' },
    ...{ ...speaker, scope: 'admin', body: speakerPatch, status: 200, answer: answers.speaker },
  },
  {
    ...{ method: 'delete', path: '/v1/speakers/{speakerId}', operationId: 'eraseSpeaker', summary: 'Erase for good' },
    ...{ ...speaker, scope: 'admin', status: 204 },
  },
  {
    ...{ method: 'post', path: '/v1/speakers/{speakerId}/samples', operationId: 'addSample' },
    ...{ summary: 'Add a recording of one person to their voiceprint', ...speaker, scope: 'enrol' },
    ...{ body: sampleBody, audioQuery: sampleQuery, status: 200, answer: answers.enrolment },
  },
  {
    ...{ method: 'post', path: '/v1/identify', operationId: 'identify', summary: 'Who speaks when in a recording' },
    ...{
      scope: 'identify',
      body: identifyBody,
      audioQuery: identifyQuery,
      status: 200,
      answer: answers.identification,
    },
  },
  {
    ...{ method: 'post', path: '/v1/jobs', operationId: 'submitJob', summary: 'Work on a recording later' },
    ...{ scope: 'identify', body: jobBody, audioQuery: jobQuery, status: 202, answer: answers.job },
  },
  {
    ...{ method: 'get', path: '/v1/jobs', operationId: 'listJobs', summary: 'Jobs, newest first' },
    ...{ scope: 'identify', query: pageQuery, status: 200, answer: answers.jobs },
  },
  {
    ...{ method: 'get', path: '/v1/jobs/{requestId}', operationId: 'getJob', summary: 'One job and its outcome' },
    ...{ ...job, scope: 'identify', status: 200, answer: answers.job },
  },
  {
    ...{ method: 'delete', path: '/v1/jobs/{requestId}', operationId: 'cancelJob', summary: 'End or erase a job' },
    ...{ ...job, scope: 'identify', status: 200, answer: answers.job },
  },
  {
    ...{ method: 'get', path: '/v1/webhooks/dead-letters', operationId: 'listDeadLetters' },
    ...{ summary: 'Webhooks nobody answered 2xx', scope: 'admin', query: pageQuery, status: 200 },
    answer: answers.deadLetters,
  },
  {
    ...{ method: 'post', path: '/v1/webhooks/dead-letters/{webhookId}/resend', operationId: 'resendDeadLetter' },
    ...{ summary: 'Send one of them again', parameters: oneWebhook, scope: 'admin', status: 202 },
    answer: answers.resent,
  },
  {
    ...{ method: 'post', path: '/v1/webhooks/secret', operationId: 'rotateWebhookSecret' },
    ...{ summary: 'A new secret for signatures', scope: 'admin', status: 201, answer: answers.secret },
  },
];
