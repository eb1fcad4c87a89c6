import { asyncQuery, diarizeBody, diarizeQuery, oneJob, pageQuery, vadBody, vadQuery } from '../calls/asyncSchemas.js';
import { enrollBody, enrollQuery, identifyBody, identifyQuery, listQuery, oneSpeaker } from '../calls/schemas.js';
import * as answers from './dropInAnswers.js';
import type { Operation } from './operation.js';

const ROOT = '/audio/generic/api';
const dropIn = { refusal: 'fault', tag: 'DeepAffects' } as const;

const SYNCHRONOUS: readonly Operation[] = (['v1', 'v2'] as const).flatMap((version) => {
  const calls = `${ROOT}/${version}/sync`;
  const V = version.toUpperCase();
  const operations: readonly Operation[] = [
    {
      ...dropIn,
      method: 'post',
      path: `${calls}/diarization/enroll`,
      operationId: `enroll${V}`,
      summary: 'Add a recording of one person to their voiceprint',
      scope: 'enrol',
      body: enrollBody,
      audioQuery: enrollQuery,
      status: 200,
      answer: answers.enrolled,
    },
    {
      ...dropIn,
      method: 'get',
      path: `${calls}/diarization/enroll`,
      operationId: `enrollmentStatus${V}`,
      summary: 'Enrolment status of one person',
      scope: 'enrol',
      query: oneSpeaker,
      status: 200,
      answer: answers.enrolmentStatus,
    },
    {
      ...dropIn,
      method: 'post',
      path: `${calls}/diarization/delete`,
      operationId: `deleteSpeaker${V}`,
      summary: 'Erase a person',
      scope: 'admin',
      body: oneSpeaker,
      status: 200,
      answer: answers.deleted,
    },
    {
      ...dropIn,
      method: 'get',
      path: `${calls}/diarization/get_enrolled_speakers`,
      operationId: `getEnrolledSpeakers${V}`,
      summary: 'List the enrolled people',
      scope: 'enrol',
      query: listQuery,
      status: 200,
      answer: answers.enrolledSpeakers,
    },
    {
      ...dropIn,
      method: 'post',
      path: `${calls}/diarization/identify`,
      operationId: `identify${V}`,
      summary: 'Identify the speakers of a recording of at most two minutes',
      scope: 'identify',
      body: identifyBody,
      audioQuery: identifyQuery,
      status: 200,
      answer: answers.identified,
    },
    {
      ...dropIn,
      method: 'post',
      path: `${calls}/diarize`,
      operationId: `diarize${V}`,
      summary: 'Diarize a recording of at most two minutes',
      scope: 'identify',
      body: diarizeBody,
      audioQuery: diarizeQuery,
      status: 200,
      answer: version === 'v1' ? answers.diarizedList : answers.diarized,
    },
  ];
  return operations;
});

const JOBS = [
  { name: 'diarization/identify', id: 'Identify', body: identifyBody, audioQuery: identifyQuery },
  { name: 'diarize', id: 'Diarize', body: diarizeBody, audioQuery: diarizeQuery },
  { name: 'vad', id: 'Vad', body: vadBody, audioQuery: vadQuery },
] as const;

const ASYNCHRONOUS: readonly Operation[] = (['v1', 'v2'] as const).flatMap((version) =>
  JOBS.flatMap(({ name, id, body, audioQuery }): readonly Operation[] => {
    const path = `${ROOT}/${version}/async/${name}`;
    const V = version.toUpperCase();
    const one = { ...dropIn, path: `${path}/{requestId}`, parameters: oneJob, scope: 'identify', status: 200 } as const;
    return [
      {
        ...dropIn,
        method: 'post',
        path,
        operationId: `async${id}${V}`,
        summary: `${id} later`,
        scope: 'identify',
        body,
        audioQuery,
        query: asyncQuery,
        status: 202,
        answer: answers.accepted,
      },
      {
        ...dropIn,
        method: 'get',
        path,
        operationId: `listAsync${id}${V}`,
        summary: 'List the jobs of this kind',
        scope: 'identify',
        query: pageQuery,
        status: 200,
        answer: answers.dropInJobs,
      },
      {
        ...one,
        method: 'get',
        operationId: `getAsync${id}${V}`,
        summary: 'Get a job and its outcome',
        answer: answers.dropInJob,
      },
      {
        ...one,
        method: 'delete',
        operationId: `cancelAsync${id}${V}`,
        summary: 'Cancel or erase a job',
        answer: answers.dropInJob,
      },
    ];
  }),
);

/** Every supported call of the DeepAffects service, under both version paths. */
export const DROP_IN_OPERATIONS: readonly Operation[] = [...SYNCHRONOUS, ...ASYNCHRONOUS];
