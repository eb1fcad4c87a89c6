import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { FEEDBACK_VERDICTS } from '../core/feedback.js';
import { inputProblems } from '../core/inputProblems.js';

/** Larger commands are refused unread. */
export const MAX_COMMAND_BYTES = 4_096;

const text = (most: number) => z.string().trim().min(1).max(most);
const id = text(64).optional().describe('Repeated in the answer');
const source = text(64).optional().describe('Id of a source; by default every source of the topic');

const command = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('enroll'),
    id,
    speakerId: text(128),
    name: text(200).optional(),
    cluster: text(64).optional().describe('Such as unknown-3; by default the unknown voice that spoke last'),
    consent: text(1_024).optional(),
    consentVersion: text(64).optional(),
  }),
  z.strictObject({
    action: z.literal('feedback'),
    id,
    verdict: z.enum(FEEDBACK_VERDICTS),
    turnId: text(200).optional(),
    cluster: text(64).optional(),
    speakerId: text(128).optional(),
    name: text(200).optional(),
    consent: text(1_024).optional(),
    consentVersion: text(64).optional(),
    isOnlyTurn: z.boolean().optional(),
    isAlsoOther: z.boolean().optional(),
  }),
  z.strictObject({ action: z.literal('undo'), id, feedbackId: text(64) }),
  z.strictObject({ action: z.literal('start'), id, source }),
  z.strictObject({ action: z.literal('stop'), id, source }),
  z.strictObject({ action: z.literal('announce'), id }),
  z.strictObject({ action: z.literal('remove'), id }),
]);

/** What a message on a command topic asks for. */
export type MqttCommand = z.output<typeof command>;

/** Spellings of the nodes' commands that mean the same. */
const ALIASES: Readonly<Record<string, string>> = {
  speaker_id: 'speakerId',
  speaker: 'name',
  streamId: 'source',
  turn_id: 'turnId',
};

/**
 * The command in a payload: a JSON object with `action`, or the action alone (`stop`). Throws INPUT_INVALID, whose message names
 * members and never quotes values.
 */
export function parseCommand(payload: Uint8Array): MqttCommand {
  if (payload.byteLength > MAX_COMMAND_BYTES) {
    throw new VoicePrintsError('INPUT_INVALID', `a command is longer than ${MAX_COMMAND_BYTES} bytes; send less`);
  }
  const parsed = command.safeParse(read(payload));
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError('INPUT_INVALID', `${inputProblems(parsed.error)}; correct the command`);
}

/** The `id` of a command, whatever else is wrong with it: the answer repeats it. */
export function requestIdOf(payload: Uint8Array): string | undefined {
  if (payload.byteLength > MAX_COMMAND_BYTES) return undefined;
  try {
    const { id: given } = read(payload) as { id?: unknown };
    return id.safeParse(given).data;
  } catch {
    return undefined; // not even JSON
  }
}

function read(payload: Uint8Array): unknown {
  const content = new TextDecoder().decode(payload).trim();
  if (/^[a-z]{1,16}$/i.test(content)) return { action: content.toLowerCase() };
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new VoicePrintsError('INPUT_INVALID', 'a command is not JSON; send an object with the member action');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [ALIASES[key] ?? key, member]));
}
