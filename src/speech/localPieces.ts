import { LOCAL_ACTIVE, LOCAL_VOICES, type LocalPiece } from '../core/localVoices.js';

/** Pauses of up to this many frames stay within one piece, if no other voice speaks in them. */
const GAP_FRAMES = 25;
/** Shorter runs are fragments: they are embedded together. */
const SOLID_FRAMES = 25;
/** Longer runs are cut evenly, so that a change of voice which the network missed is found by the embeddings. */
const MOST_FRAMES = 125;
/** Less than this is not enough to recognise a voice. */
const LEAST_FRAMES = 13;

/**
 * Pieces of each local voice of one chunk: runs in which it speaks alone, then its fragments; where it never speaks
 * alone for long enough, all that there is of it.
 *
 * @param activity shape (frames, LOCAL_VOICES)
 * @param frames how many of them are audio; the others are beyond the end of the recording
 */
export function localPiecesOf(activity: Uint8Array, chunk: number, frames: number): LocalPiece[] {
  return Array.from({ length: LOCAL_VOICES }, (_, local) => piecesOf({ activity, chunk, frames, local })).flat();
}

interface LocalVoice {
  readonly activity: Uint8Array;
  readonly chunk: number;
  readonly frames: number;
  readonly local: number;
}

function piecesOf({ activity, chunk, frames, local }: LocalVoice): LocalPiece[] {
  const all: number[] = [];
  const runs: number[][] = [];
  let lastOther = -1;
  for (let frame = 0; frame < frames; frame += 1) {
    const isActive = (voice: number) => activity[frame * LOCAL_VOICES + voice]! >= LOCAL_ACTIVE;
    const hasOther = isActive((local + 1) % LOCAL_VOICES) || isActive((local + 2) % LOCAL_VOICES);
    if (hasOther) lastOther = frame;
    if (!isActive(local)) continue;
    all.push(frame);
    if (hasOther) continue;
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before !== undefined && frame - before <= GAP_FRAMES && lastOther < before) run.push(frame);
    else runs.push([frame]);
  }
  const piece = (used: readonly number[], isSolid: boolean): LocalPiece => ({
    chunk,
    local,
    isSolid,
    frames: Uint16Array.from(used),
  });
  const pieces = runs
    .filter(({ length }) => length >= SOLID_FRAMES)
    .flatMap((run) => evenParts(run).map((part) => piece(part, true)));
  const scraps = runs.filter(({ length }) => length < SOLID_FRAMES).flat();
  if (scraps.length >= LEAST_FRAMES) pieces.push(piece(scraps, false));
  if (pieces.length === 0 && all.length >= LEAST_FRAMES) pieces.push(piece(all, false));
  return pieces;
}

function evenParts(run: readonly number[]): number[][] {
  const parts = Math.ceil(run.length / MOST_FRAMES);
  return Array.from({ length: parts }, (_, i) =>
    run.slice(Math.round((run.length * i) / parts), Math.round((run.length * (i + 1)) / parts)),
  );
}
