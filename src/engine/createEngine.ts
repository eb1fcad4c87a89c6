import type { AuditTrail } from '../core/audit.js';
import { asVoicePrintsError } from '../core/errors.js';
import { MS_PER_DAY } from '../core/time.js';
import { answering } from '../files/answering.js';
import { ModelStore } from '../inference/modelStore.js';
import type { SegmentationModel } from '../inference/segmentationModel.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import { answeringRegistry, answeringUnknownVoices, type Beats } from '../registry/answeringStores.js';
import { AuditLog } from '../registry/auditLog.js';
import { LowdbRegistry } from '../registry/lowdbRegistry.js';
import { LowdbUnknownVoices } from '../registry/lowdbUnknownVoices.js';
import type { UnknownVoices } from '../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import { WorkerCompute } from './compute/workerCompute.js';
import { type EngineConfig, engineConfig, parseConfig } from './config.js';
import type { Engine } from './engine.js';
import type { EngineOptions } from './engineOptions.js';
import { registryOfModel } from './enrolment/modelView.js';
import { modelInStore } from './models/modelInStore.js';
import { type OpenCompute, VoiceEngine } from './voiceEngine.js';

/** The parts of the engine, replaceable by other implementations (another registry, a compute process, a clock for tests). */
export interface CreateEngineOptions {
  /** `onAlive` is to be called now and then while opening or a call takes long: else it counts as a folder that does not answer. */
  readonly openRegistry?: (config: EngineConfig, onAlive: () => void) => Promise<VoiceprintRegistry>;
  readonly openUnknownVoices?: (config: EngineConfig, nowMs: () => number) => Promise<UnknownVoices>;
  readonly resolveModel?: (config: EngineConfig) => Promise<SpeakerModel>;
  /** Undefined for none. */
  readonly resolveSegmentation?: (config: EngineConfig) => Promise<SegmentationModel | undefined>;
  readonly openCompute?: OpenCompute;
  readonly openAudit?: (config: EngineConfig) => AuditTrail;
  /** The actor in the audit log where a call gives none. */
  readonly actor?: string;
  readonly nowMs?: () => number;
  /** How long the store's folder may take to answer, before REGISTRY_UNAVAILABLE. By default 20 s. */
  readonly storeTimeoutMs?: number;
}

/**
 * Opens the store and finds the model; the networks are loaded by the first call that needs them. Dispose it
 * (`await using`) to stop its work and its threads.
 *
 * @throws VoicePrintsError CONFIG_INVALID, MODEL_NOT_FOUND, MODEL_INVALID, or what LowdbRegistry.open throws
 */
export async function createEngine(config: EngineOptions, options: CreateEngineOptions = {}): Promise<Engine> {
  const parsed = parseConfig(engineConfig, config);
  const { openRegistry = openLowdbRegistry, resolveModel = modelOfStore, nowMs = Date.now } = options;
  const { resolveSegmentation = segmentationOfStore, storeTimeoutMs: withinMs } = options;
  const { storeDirectory } = parsed;
  const open = async (onAlive: () => void): Promise<VoiceEngine> => {
    const model = await resolveModel(parsed);
    const segmentation = await resolveSegmentation(parsed);
    const beats: Beats = new Set([onAlive]);
    const onBeat = () => {
      for (const beat of beats) beat();
    };
    const registry = answeringRegistry(await openRegistry(parsed, onBeat), storeDirectory, { withinMs, beats });
    const { openUnknownVoices = openLowdbUnknownVoices, openAudit = openAuditLog, actor = 'program' } = options;
    const unknownVoices = answeringUnknownVoices(await openUnknownVoices(parsed, nowMs), storeDirectory, { withinMs });
    return new VoiceEngine({
      config: parsed,
      model,
      segmentation,
      registry: registryOfModel(registry, model.id),
      unknownVoices,
      trail: openAudit(parsed),
      actor: { name: actor },
      openCompute: options.openCompute ?? openWorkers,
      nowMs,
    });
  };
  try {
    const onLate = (engine: VoiceEngine): Promise<void> => engine[Symbol.asyncDispose]();
    return await answering(storeDirectory, open, { withinMs, onLate });
  } catch (error) {
    throw asVoicePrintsError(error);
  }
}

const openLowdbRegistry = ({ storeDirectory, encryptionKey }: EngineConfig, onAlive: () => void) =>
  LowdbRegistry.open(storeDirectory, { encryptionKey, onAlive });

const openLowdbUnknownVoices = (
  { storeDirectory, encryptionKey, strangers, isStrangersGiven, maxUnknownVoices }: EngineConfig,
  nowMs: () => number,
) =>
  LowdbUnknownVoices.open(storeDirectory, {
    encryptionKey,
    // Where no policy was given, voices that another process stored here keep the expiry that it set.
    keepMs: isStrangersGiven ? (strangers.keeps === 'days' ? strangers.days * MS_PER_DAY : 0) : undefined,
    mostVoices: maxUnknownVoices,
    nowMs,
  });

const openAuditLog = ({ storeDirectory }: EngineConfig) => new AuditLog(storeDirectory);

const modelOfStore = ({ storeDirectory, model }: EngineConfig) => modelInStore(storeDirectory, model);

const segmentationOfStore = async ({ storeDirectory, segmentation }: EngineConfig) =>
  (await ModelStore.openFor(storeDirectory)).resolveSegmentation(segmentation);

const openWorkers: OpenCompute = async ({ workerThreads }, model, segmentation) =>
  new WorkerCompute({ model, segmentation, threads: workerThreads });
