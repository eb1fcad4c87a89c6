import { z } from 'zod';
import type { EnrollResult } from '../../core/identification.js';
import type { SpeakerEvent } from '../../events/index.js';
import { identifyQuery, speakerId } from '../calls/schemas.js';

/** First message of a client: who it is and what audio comes. `encoding` s16le, mulaw, alaw or opus. */
export const hello = identifyQuery.extend({
  type: z.literal('hello'),
  apiKey: z.string().max(256).optional().describe('Where the address or a header carries none'),
  site: z.string().trim().min(1).max(128).default('websocket').describe('Where this is; comes back in every event'),
  isTentative: z.boolean().default(true).describe('Also tell what is thought of a turn while it is spoken'),
});

/** First message after a drop: goes on where the connection broke. */
export const resume = z.object({
  type: z.literal('resume'),
  apiKey: z.string().max(256).optional(),
  sessionId: z.string().max(64),
  resumeToken: z.string().max(64),
  lastSeq: z.number().int().min(0).describe('Number of the last message that arrived; 0 for none'),
});

const text = (most: number) => z.string().trim().min(1).max(most);

/** What a client may say later. `id` makes a command safe to send again after a drop. */
export const command = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ack'), seq: z.number().int().min(0) }),
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('end') }),
  z.object({
    type: z.literal('enroll'),
    id: text(64),
    cluster: text(64).optional().describe('unknown-3; by default the unknown voice heard last'),
    speakerId,
    name: text(256).optional(),
    consentText: z.string().max(4096).optional(),
  }),
]);

export type Hello = z.output<typeof hello>;
export type Resume = z.output<typeof resume>;
export type Command = z.output<typeof command>;
export type EnrollCommand = Extract<Command, { readonly type: 'enroll' }>;

/** What is numbered, kept until the client has it, and told again after a drop. */
export type Numbered =
  | { readonly type: 'event'; readonly event: SpeakerEvent }
  | { readonly type: 'enrolled'; readonly id: string; readonly result: EnrollResult }
  /** A command that could not be done; the stream goes on. */
  | { readonly type: 'refused'; readonly id: string; readonly code: string; readonly message: string }
  /** The last message of a stream that went to its end. */
  | { readonly type: 'ended'; readonly position: number }
  /** The last message of a stream that cannot go on. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** What belongs to one connection only. */
export type Unnumbered =
  | {
      readonly type: 'ready';
      readonly sessionId: string;
      /** Opens the session again, together with a key of the same tenant. */
      readonly resumeToken: string;
      readonly resumeSeconds: number;
      /** Audio to send next: samples of one channel since the stream began; Opus: packets. */
      readonly position: number;
      readonly model: string;
      readonly maxMessageBytes: number;
    }
  /** All audio before `position` has come and need not be kept; `bufferedMs` of it waits to be heard. */
  | { readonly type: 'ack'; readonly position: number; readonly bufferedMs: number }
  | { readonly type: 'pong' };

export type ServerMessage = (Numbered & { readonly seq: number }) | Unnumbered;

/** Why a connection ends (RFC 6455: 4000 to 4999 are an application's own). */
export const CLOSE = {
  done: 1000,
  goingAway: 1001,
  badMessage: 4400,
  badKey: 4401,
  unknownSession: 4404,
  idle: 4408,
  takenOver: 4409,
  tooSlow: 4413,
  tooMany: 4429,
  failed: 4500,
} as const;
