import type { NodeMessageInFlow } from 'node-red';
import { VoicePrintsError } from '../../src/index.js';

/** A command in a message to a node with streams: `{action, …}` as payload, `msg.action`, or the name alone. */
export interface Command {
  readonly action: string;
  /** The payload where it is an object, else empty. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** The command in a message; undefined where there is none. */
export function commandOf(msg: NodeMessageInFlow): Command | undefined {
  const { payload } = msg;
  const isObject = typeof payload === 'object' && payload !== null && !(payload instanceof Uint8Array);
  const about = isObject ? (payload as Record<string, unknown>) : {};
  const word = about.action ?? (msg as { action?: unknown }).action ?? (isObject ? undefined : payload);
  if (typeof word === 'boolean') return { action: word ? 'start' : 'stop', about };
  return typeof word === 'string' && word.trim() !== '' ? { action: word.trim().toLowerCase(), about } : undefined;
}

/** A text of a command; undefined where it is absent. Throws INPUT_INVALID for another kind. */
export function textOf({ about }: Command, ...names: readonly string[]): string | undefined {
  const name = names.find((known) => about[known] !== undefined && about[known] !== null);
  if (name === undefined) return undefined;
  const value = about[name];
  if (typeof value === 'string' || typeof value === 'number') return String(value).trim() || undefined;
  throw new VoicePrintsError('INPUT_INVALID', `payload.${name} must be text; send it as a string`);
}
