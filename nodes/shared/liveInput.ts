import type { NodeMessageInFlow } from 'node-red';
import { VoicePrintsError } from '../../src/index.js';

/** A message of a live source carries a quarter of a second; what holds more than this was put together to be a recording. */
const LONGEST_PIECE_BYTES = 2 * 16_000;
/** Streams whose wrong wiring was already reported. */
const MOST_STREAMS = 1_000;

/** The stream or source that a message of a live `audio source` names, on either of its outputs; undefined for any other message. */
export function liveSourceOf(msg: NodeMessageInFlow): string | undefined {
  const given = msg.audio as { readonly streamId?: unknown; readonly source?: unknown } | undefined;
  if (typeof given !== 'object' || given === null) return undefined;
  if (typeof given.streamId === 'string') return given.streamId;
  return typeof given.source === 'string' ? given.source : undefined;
}

/** True for what a live source sends; false for a recording, also where it was put together from a live source's messages. */
export function isLiveInput(msg: NodeMessageInFlow): boolean {
  if (liveSourceOf(msg) === undefined) return false;
  return !(msg.payload instanceof Uint8Array && msg.payload.length > LONGEST_PIECE_BYTES);
}

/**
 * For nodes that want recordings: the first message of a live stream is refused with `remedy`, the others, four a second, are
 * passed over. Give it to `bindNode` as its `screen`.
 */
export function liveInputScreen(remedy: string): (msg: NodeMessageInFlow) => boolean {
  const reported = new Set<string>();
  return (msg) => {
    if (!isLiveInput(msg)) return false;
    const source = liveSourceOf(msg)!;
    const isEnd = (msg.audio as { readonly isEnd?: unknown }).isEnd === true;
    const isNew = !reported.has(source);
    if (isEnd) reported.delete(source);
    else if (reported.size < MOST_STREAMS) reported.add(source);
    if (isNew && !isEnd) {
      throw new VoicePrintsError(
        'INPUT_INVALID',
        `this node takes recordings, and a live audio source is wired to it; ${remedy}`,
      );
    }
    return true;
  };
}
