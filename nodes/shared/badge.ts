import type { NodeStatus, NodeStatusFill, NodeStatusShape } from 'node-red';
import { ERROR_CODES, type ErrorCode } from '../../src/index.js';

/** Texts that all nodes of the package share are in the catalogue of the config node. */
export const SHARED_TEXTS = '@voice-prints/node-red/speaker-store:speaker-store';

/** Longest text a badge shows without running into its neighbours. */
const BADGE_LENGTH = 20;

/** `text` is a key of a catalogue (resolved by the editor, in its language) or a finished text. */
export const badge = (fill: NodeStatusFill, shape: NodeStatusShape, text: string): NodeStatus => ({
  fill,
  shape,
  text,
});

/** A red ring with a short text for the error's code; the whole message goes to the debug sidebar and to Catch. */
export const failureBadge = (code: ErrorCode): NodeStatus => badge('red', 'ring', `${SHARED_TEXTS}.errors.${code}`);

/** A finished text of at most `length` characters. */
export function shorten(text: string, length = BADGE_LENGTH): string {
  const letters = [...text];
  if (letters.length <= length) return text;
  return `${letters
    .slice(0, length - 1)
    .join('')
    .trimEnd()}…`;
}

/** Whether the text is one of our codes, and so has a short text. */
export const isErrorCode = (code: unknown): code is ErrorCode => (ERROR_CODES as readonly unknown[]).includes(code);
