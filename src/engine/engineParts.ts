import type { Actor, AuditTrail } from '../core/audit.js';
import type { SegmentationModel } from '../inference/segmentationModel.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { StoreListener } from '../registry/postgres/postgresStore.js';
import type { UnknownVoices } from '../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import type { Compute } from './compute/compute.js';
import type { EngineConfig } from './config.js';

/** Starts the threads for the networks. */
export type OpenCompute = (
  config: EngineConfig,
  model: SpeakerModel,
  segmentation: SegmentationModel | undefined,
) => Promise<Compute>;

/** What an engine works with; it closes the registry, the unknown voices and the threads. */
export interface EngineParts {
  readonly config: EngineConfig;
  readonly model: SpeakerModel;
  readonly registry: VoiceprintRegistry;
  readonly unknownVoices: UnknownVoices;
  readonly trail: AuditTrail;
  readonly actor: Actor;
  readonly segmentation: SegmentationModel | undefined;
  readonly openCompute: OpenCompute;
  readonly nowMs: () => number;
  /** Of a store that many processes share: tells of what others change. */
  readonly follow?: ((listener: StoreListener) => void) | undefined;
  /** Reads the calibration again where another process may have changed it: into `model`. */
  readonly recalibrate?: (() => Promise<void>) | undefined;
  /** What is closed last. */
  readonly held?: AsyncDisposable | undefined;
}
