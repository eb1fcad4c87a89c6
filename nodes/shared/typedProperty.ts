import type { Node, NodeAPI, NodeMessageInFlow } from 'node-red';
import { VoicePrintsError } from '../../src/index.js';

/** What a typed input of the editor leaves in the settings. */
export interface TypedProperty {
  readonly value: string;
  readonly type: string;
}

/** The value behind a typed input. Absent is undefined; INPUT_INVALID where it cannot be worked out. */
export async function evaluate(
  RED: NodeAPI,
  node: Node,
  property: TypedProperty,
  msg: NodeMessageInFlow,
): Promise<unknown> {
  // An empty field means "not given"; `msg.` and the like would be evaluated to the whole object.
  if (property.value === '' && property.type !== 'str') return undefined;
  try {
    // The form with a callback: flow, global and jsonata may answer later.
    return await new Promise((resolve, reject) => {
      RED.util.evaluateNodeProperty(property.value, property.type, node, msg, (error: Error | null, value: unknown) =>
        error ? reject(error) : resolve(value),
      );
    });
  } catch (cause) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `the ${property.type} property of this node's settings cannot be read from this message; correct the expression`,
      { cause },
    );
  }
}

/** The same as text, trimmed; absent and empty are undefined. INPUT_INVALID for anything but text and numbers. */
export async function evaluateText(
  RED: NodeAPI,
  node: Node,
  property: TypedProperty,
  msg: NodeMessageInFlow,
  what: string,
): Promise<string | undefined> {
  const value = await evaluate(RED, node, property, msg);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new VoicePrintsError('INPUT_INVALID', `${what} must be text; ${located(property)} is of another kind`);
  }
  return String(value).trim() || undefined;
}

/** Ids from a list, or from text with commas; undefined where none are given. */
export async function evaluateIds(
  RED: NodeAPI,
  node: Node,
  property: TypedProperty,
  msg: NodeMessageInFlow,
): Promise<readonly string[] | undefined> {
  const value = await evaluate(RED, node, property, msg);
  if (value === undefined || value === null) return undefined;
  const ids = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string' && typeof id !== 'number')) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `${located(property)} must be a list of speaker ids, or text with commas between them`,
    );
  }
  const given = ids.map((id) => String(id).trim()).filter((id) => id !== '');
  return given.length > 0 ? given : undefined;
}

/** How the editor shows it, for messages to the user. */
export const located = ({ value, type }: TypedProperty): string =>
  ['msg', 'flow', 'global'].includes(type) ? `${type}.${value}` : `the ${type} value in the settings`;
