import type { SampleSpan } from '../../core/audioFrame.js';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES, type LocalPiece, type LocalVoices } from '../../core/localVoices.js';

/** Results of the segmentation network and the voice-activity network for a recording. */
export interface LocalSpeech {
  /** Length of the recording. */
  readonly samples: number;
  readonly voices: LocalVoices;
  /** Pieces of local voices, by chunk; one for each row of the embeddings. */
  readonly pieces: readonly LocalPiece[];
  /** Certain speech. */
  readonly speech: readonly SampleSpan[];
  /** Possible speech; silence elsewhere. */
  readonly audible: readonly SampleSpan[];
}

/** The chunks that contain a frame of the recording: the first and the last. */
export function chunksAt({ activity, chunkFrames, hopFrames }: LocalVoices, frame: number) {
  const chunks = activity.length / (chunkFrames * LOCAL_VOICES);
  return {
    first: Math.max(0, Math.ceil((frame - chunkFrames + 1) / hopFrames)),
    last: Math.min(chunks - 1, Math.floor(frame / hopFrames)),
  };
}

/** How many chunks contain the frames of a piece, on average. */
export function timesSeen({ chunk, frames }: LocalPiece, voices: LocalVoices): number {
  let chunks = 0;
  for (const frame of frames) {
    const { first, last } = chunksAt(voices, chunk * voices.hopFrames + frame);
    chunks += last - first + 1;
  }
  return chunks / frames.length;
}

/** Each piece as if it were unbroken: from its first frame, as long as its frames are together. */
export const spansOf = ({ pieces, voices: { hopFrames } }: LocalSpeech): SampleSpan[] =>
  pieces.map(({ chunk, frames }) => {
    const startSample = (chunk * hopFrames + frames[0]!) * LOCAL_FRAME_SAMPLES;
    return { startSample, endSample: startSample + frames.length * LOCAL_FRAME_SAMPLES };
  });
