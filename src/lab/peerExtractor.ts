import { createRequire } from 'node:module';

/** The used part of the speaker embedding extractor of sherpa-onnx-node. */
export interface PeerExtractor {
  createStream(): { acceptWaveform(audio: { readonly samples: Float32Array; readonly sampleRate: number }): void };
  compute(stream: unknown): Float32Array;
}

interface SherpaOnnx {
  readonly SpeakerEmbeddingExtractor: new (config: {
    readonly model: string;
    readonly numThreads: number;
    readonly debug: boolean;
    readonly provider: string;
  }) => PeerExtractor;
}

/** sherpa-onnx with the same model on one thread, resolved from `from`; undefined where it is not installed. */
export function peerExtractor(from: string, modelPath: string): PeerExtractor | undefined {
  let sherpa: SherpaOnnx;
  try {
    sherpa = createRequire(from)('sherpa-onnx-node') as SherpaOnnx;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
  return new sherpa.SpeakerEmbeddingExtractor({ model: modelPath, numThreads: 1, debug: false, provider: 'cpu' });
}
