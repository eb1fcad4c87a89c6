import type { SampleSpan } from '../../core/audioFrame.js';
import { LOCAL_FRAME_SAMPLES, type LocalPiece, type LocalVoices } from '../../core/localVoices.js';

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

/** Each piece as if it were unbroken: from its first frame, as long as its frames are together. */
export const spansOf = ({ pieces, voices: { hopFrames } }: LocalSpeech): SampleSpan[] =>
  pieces.map(({ chunk, frames }) => {
    const startSample = (chunk * hopFrames + frames[0]!) * LOCAL_FRAME_SAMPLES;
    return { startSample, endSample: startSample + frames.length * LOCAL_FRAME_SAMPLES };
  });
