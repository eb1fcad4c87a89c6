import { z } from 'zod';
import { COMPLETE_SPEECH_MS } from '../../core/voiceprint.js';

/** The answers of the DeepAffects calls, as the document describes them. */

const seconds = z.number().min(0);
const probability = z.number().min(0).max(1);
const quality = z.enum(['poor', 'average', 'good', 'high']);
const remark = z.strictObject({ code: z.string(), message: z.string() });
const warnings = z.array(remark);

/** Both published spellings; additional members depend on the code. */
export const fault = z.looseObject({
  fault: z.looseObject({
    faultstring: z.string().describe('What happened and what to do'),
    fault_string: z.string().optional(),
    detail: z.looseObject({
      errorcode: z.string(),
      error_code: z.string().optional(),
      error_type: z.string().optional(),
      code: z.string().optional().describe('As in the calls below /v1'),
    }),
  }),
});

const voiceprint = {
  speaker_id: z.string(),
  enroll_quality: quality,
  enrollment_complete: z.boolean(),
  total_speech_duration: seconds,
  total_enroll_duration: seconds,
};

export const enrolled = z.looseObject({
  message: z
    .enum(['Success', 'Complete'])
    .describe(`Complete only on v1, from ${COMPLETE_SPEECH_MS / 1000} s of speech on`),
  ...voiceprint,
  remarks: z.array(remark),
});

export const enrolmentStatus = z.looseObject({ message: z.literal('Success'), ...voiceprint });

export const deleted = z.looseObject({ message: z.enum(['Success', 'Failure']) });

export const enrolledSpeakers = z.looseObject({
  developer_id: z.string(),
  enrolled_speaker_ids: z.array(z.looseObject(voiceprint)),
});

const segment = z.looseObject({
  speaker_id: z
    .string()
    .describe('UserNotIdentified for a voice that is not enrolled, or not certain; candidates has the nearest people'),
  start: seconds,
  end: seconds,
  identification_score: probability,
  margin: probability,
  decision: z.enum(['identified', 'uncertain', 'unknown']),
  name: z.string().nullable(),
  cluster: z.string().nullable(),
  overlap: z.boolean(),
  candidates: z.array(
    z.looseObject({ speaker_id: z.string(), name: z.string(), identification_score: probability, cosine: z.number() }),
  ),
});

export const identified = z.looseObject({
  segments: z.array(segment),
  duration: seconds,
  model: z.string(),
  warnings,
});

export const diarized = z.looseObject({
  num_speakers: z.int().min(0),
  segments: z.array(segment),
  duration: seconds,
  model: z.string(),
  warnings,
});

export const diarizedList = z.array(
  z.looseObject({
    ...segment.shape,
    speakerId: z.int().min(1).describe('Number of the voice, in order of appearance'),
  }),
);

export const accepted = z.looseObject({ request_id: z.string(), api: z.string() });

export const dropInJob = z.looseObject({
  request_id: z.string(),
  api: z.string(),
  status: z.string(),
  tries: z.int().min(0),
  created_at: z.string().nullish(),
  started_at: z.string().nullish(),
  ended_at: z.string().nullish(),
  response: z
    .looseObject({})
    .optional()
    .describe(
      'Of a job that is done: the answer of the synchronous call; for vad, segments with start, end and the tag speech',
    ),
  fault: fault.shape.fault.optional(),
});

export const dropInJobs = z.looseObject({ jobs: z.array(dropInJob), cursor: z.string().optional() });
