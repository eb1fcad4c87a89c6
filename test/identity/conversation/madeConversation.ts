import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES, type LocalPiece } from '../../../src/core/localVoices.js';
import type { LocalSpeech } from '../../../src/identity/conversation/localSpeech.js';
import { localPiecesOf } from '../../../src/speech/localPieces.js';

export const CHUNK_FRAMES = 500;
export const HOP_FRAMES = 100;
export const FRAMES_PER_SECOND = 50;

/** Somebody speaks, in seconds. */
export interface MadeTurn {
  readonly voice: number;
  readonly from: number;
  readonly to: number;
}

/**
 * A conversation as a faultless segmentation network hears it: within each chunk voices are numbered in order of
 * appearance. `voiceOf` says whose each piece is.
 */
export function madeConversation(turns: readonly MadeTurn[], seconds: number, hopFrames = HOP_FRAMES) {
  const frames = seconds * FRAMES_PER_SECOND;
  const chunks = Math.max(1, Math.ceil((frames - CHUNK_FRAMES) / hopFrames) + 1);
  const activity = new Uint8Array(chunks * CHUNK_FRAMES * LOCAL_VOICES);
  const pieces: LocalPiece[] = [];
  const voiceOf: number[] = [];
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const first = chunk * hopFrames;
    const own = activity.subarray(chunk * CHUNK_FRAMES * LOCAL_VOICES, (chunk + 1) * CHUNK_FRAMES * LOCAL_VOICES);
    const locals: number[] = [];
    for (let frame = 0; frame < CHUNK_FRAMES; frame += 1) {
      const second = (first + frame) / FRAMES_PER_SECOND;
      for (const { voice, from, to } of turns) {
        if (second < from || second >= to) continue;
        if (!locals.includes(voice)) locals.push(voice);
        own[frame * LOCAL_VOICES + locals.indexOf(voice)] = 255;
      }
    }
    for (const piece of localPiecesOf(own, chunk, Math.min(CHUNK_FRAMES, frames - first))) {
      pieces.push(piece);
      voiceOf.push(locals[piece.local]!);
    }
  }
  const spans = turns.map(({ from, to }) => ({
    startSample: from * FRAMES_PER_SECOND * LOCAL_FRAME_SAMPLES,
    endSample: to * FRAMES_PER_SECOND * LOCAL_FRAME_SAMPLES,
  }));
  const local: LocalSpeech = {
    samples: frames * LOCAL_FRAME_SAMPLES,
    voices: { chunkFrames: CHUNK_FRAMES, hopFrames, activity },
    pieces,
    speech: spans,
    audible: spans,
  };
  return { local, voiceOf };
}
