import { z } from 'zod';
import type { FeedbackResult } from '../../core/feedback.js';
import type { EnrollResult } from '../../core/identification.js';
import type { SpeakerEvent } from '../../events/index.js';
import { feedbackBody, identifyQuery, speakerId } from '../calls/schemas.js';

/** First message of a client: its key and the audio format. `encoding` s16le, mulaw, alaw or opus. */
export const hello = identifyQuery.extend({
  type: z.literal('hello'),
  apiKey: z.string().max(256).optional().describe('API key, when neither the address nor a header carries it'),
  site: z.string().trim().min(1).max(128).default('websocket').describe('Name of the place; repeated in every event'),
  isTentative: z.boolean().default(true).describe('Also send tentative events during a turn'),
});

/** First message after a broken connection: resumes the session. */
export const resume = z.object({
  type: z.literal('resume'),
  apiKey: z.string().max(256).optional(),
  sessionId: z.string().max(64),
  resumeToken: z.string().max(64),
  lastSeq: z.number().int().min(0).describe('Number of the last message received; 0 for none'),
});

const text = (most: number) => z.string().trim().min(1).max(most);

/** Later messages of a client. `id` makes a command safe to repeat after a broken connection. */
export const command = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ack'), seq: z.number().int().min(0) }),
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('end') }),
  z.object({
    type: z.literal('enroll'),
    id: text(64),
    cluster: text(64).optional().describe('Such as unknown-3; by default the most recent unknown voice'),
    speakerId,
    name: text(256).optional(),
    consentText: z.string().max(4096).optional(),
    consentVersion: z.string().max(64).optional(),
  }),
  feedbackBody.extend({ type: z.literal('feedback'), id: text(64) }),
  z.object({ type: z.literal('undo'), id: text(64), feedbackId: text(64) }),
]);

export type Hello = z.output<typeof hello>;
export type Resume = z.output<typeof resume>;
export type Command = z.output<typeof command>;
/** Commands that change people, each done once. */
export type PeopleCommand = Extract<Command, { readonly type: 'enroll' | 'feedback' | 'undo' }>;

/** Messages that are numbered, kept until acknowledged, and sent again after a broken connection. */
export type Numbered =
  | { readonly type: 'event'; readonly event: SpeakerEvent }
  | { readonly type: 'enrolled'; readonly id: string; readonly result: EnrollResult }
  /** The outcome of `feedback` or `undo`. */
  | { readonly type: 'feedback'; readonly id: string; readonly result: FeedbackResult }
  /** A command that failed; the stream continues. */
  | { readonly type: 'refused'; readonly id: string; readonly code: string; readonly message: string }
  /** The last message of a stream that was ended normally. */
  | { readonly type: 'ended'; readonly position: number }
  /** The last message of a stream that failed. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** Messages of one connection only. */
export type Unnumbered =
  | {
      readonly type: 'ready';
      readonly sessionId: string;
      /** Resumes the session, together with a key of the same tenant. */
      readonly resumeToken: string;
      readonly resumeSeconds: number;
      /** Audio to send next: samples of one channel since the stream began; Opus: packets. */
      readonly position: number;
      readonly model: string;
      readonly maxMessageBytes: number;
    }
  /** All audio before `position` has arrived and need not be kept; `bufferedMs` of it is not processed yet. */
  | { readonly type: 'ack'; readonly position: number; readonly bufferedMs: number }
  | { readonly type: 'pong' };

export type ServerMessage = (Numbered & { readonly seq: number }) | Unnumbered;

/** Why a connection ends (RFC 6455: 4000 to 4999 are an application's own). */
export const CLOSE = {
  done: 1000,
  goingAway: 1001,
  /** Of the register of RFC 6455. */
  tryAgainLater: 1013,
  badMessage: 4400,
  badKey: 4401,
  unknownSession: 4404,
  idle: 4408,
  takenOver: 4409,
  tooSlow: 4413,
  tooMany: 4429,
  failed: 4500,
} as const;
