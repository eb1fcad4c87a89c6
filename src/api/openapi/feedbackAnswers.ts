import { z } from 'zod';
import { FEEDBACK_VERDICTS, TURN_TIERS } from '../../core/feedback.js';
import { candidate, probability, quality, sampleReason, seconds, time } from './answers.js';

/** The answers of the calls on turns, feedback and samples. */

const turn = z.strictObject({
  turnId: z.string(),
  conversationId: z.string().describe('Shared by the turns of one recording, or of one live session'),
  kind: z.enum(['recording', 'live']),
  site: z.string().nullable(),
  heardAt: time,
  start: seconds,
  end: seconds,
  speechSeconds: seconds,
  decision: z.enum(['identified', 'uncertain', 'unknown']),
  speakerId: z.string().nullable(),
  name: z.string().nullable(),
  cluster: z.string().nullable(),
  score: probability,
  margin: probability,
  overlap: z.boolean(),
  candidates: z.array(candidate).max(3),
  tier: z.enum(TURN_TIERS).describe('certain: named, or said by a person; suggested: worth asking; unmatched'),
  why: z.strictObject({
    cosine: z.number().nullable(),
    speechSeconds: seconds,
    score: probability,
    acceptScore: probability.describe('Score from which a voice is named'),
    text: z.string().describe('cosine .71, score .93, 4.2 s, accept at .97'),
  }),
  said: z.enum(FEEDBACK_VERDICTS).nullable().describe('What a person said of it last'),
  isLearnable: z
    .boolean()
    .describe('False where nothing of its sound is kept: feedback names it, and no voiceprint learns from it'),
});

export const turns = z.strictObject({ turns: z.array(turn) });
export const forgotten = z.strictObject({ forgotten: z.int().min(0) });

const given = {
  feedbackId: z.string().describe('By which it is undone'),
  verdict: z.enum(FEEDBACK_VERDICTS),
  speakerId: z.string().nullable().describe('Whose the voice is now; null after a rejection'),
  name: z.string().nullable(),
  turnIds: z.array(z.string()).describe('All turns of that voice'),
  learning: z.strictObject({
    outcome: z.enum(['enrolled', 'improved', 'none']).describe('What became of the voiceprint'),
    speechSeconds: seconds.describe('Speech that was added to it'),
    reasons: z.array(sampleReason).describe('What the enrolment gate said'),
  }),
};

export const feedback = z.strictObject(given);
export const feedbackGiven = z.strictObject({ ...given, givenAt: time, isUndone: z.boolean() });
export const feedbackHistory = z.strictObject({ feedback: z.array(feedbackGiven) });

export const samples = z.strictObject({
  samples: z.array(
    z.strictObject({
      sampleId: z.string(),
      origin: z.enum(['enrolment', 'feedback']),
      speechSeconds: seconds,
      snrDb: z.number(),
      bandwidthHz: z.number(),
      quality,
      likeness: z.number().nullable().describe('Cosine to the rest of the voiceprint: a stray has little'),
      hasAudio: z.boolean(),
      addedAt: time,
    }),
  ),
});
