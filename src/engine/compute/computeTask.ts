import type { SampleSpan } from '../../core/audioFrame.js';
import type { VoicesInput } from '../../identity/resolveVoices.js';
import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { LiveBlock, SpeechAudio, VadState } from './compute.js';

/** What WorkerCompute posts to compute.worker; one kind for each method of Compute. */
export type ComputeTask =
  | { readonly kind: 'detectSpeech'; readonly samples: Float32Array<ArrayBuffer>; readonly state: VadState | undefined }
  | { readonly kind: 'detectSpeechIn'; readonly blocks: readonly LiveBlock[] }
  | { readonly kind: 'localVoices'; readonly samples: Float32Array<ArrayBuffer> }
  | { readonly kind: 'embed'; readonly spans: readonly SpeechAudio[] }
  | {
      readonly kind: 'measureQuality';
      readonly samples: Float32Array<ArrayBuffer>;
      readonly speech: readonly SampleSpan[];
    }
  | { readonly kind: 'tryModels' }
  | { readonly kind: 'resolveVoices'; readonly input: VoicesInput };

/** What every compute thread is started with. */
export interface ComputeWorkerData {
  readonly model: SpeakerModel;
  readonly segmentation: SegmentationModel | undefined;
  readonly vadPath: string;
}
