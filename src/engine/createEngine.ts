import type { AuditTrail } from '../core/audit.js';
import { asVoicePrintsError } from '../core/errors.js';
import { answering } from '../files/answering.js';
import { ModelStore } from '../inference/modelStore.js';
import type { SegmentationModel } from '../inference/segmentationModel.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { UnknownVoices } from '../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import { WorkerCompute } from './compute/workerCompute.js';
import { type EngineConfig, engineConfig, parseConfig } from './config.js';
import type { Engine } from './engine.js';
import type { EngineOptions } from './engineOptions.js';
import type { OpenCompute } from './engineParts.js';
import { type EngineStore, openDatabaseStore, openFolderStore } from './engineStore.js';
import { registryOfModel } from './enrolment/modelView.js';
import { modelInStore } from './models/modelInStore.js';
import { VoiceEngine } from './voiceEngine.js';

/**
 * The parts of the engine, replaceable by other implementations (another registry, a compute process, a clock for tests). Those of the
 * store are not used where there is a database.
 */
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
 * @throws VoicePrintsError CONFIG_INVALID, MODEL_NOT_FOUND, MODEL_INVALID, or what LowdbRegistry.open and PostgresRegistry.open throw
 */
export async function createEngine(config: EngineOptions, options: CreateEngineOptions = {}): Promise<Engine> {
  const parsed = parseConfig(engineConfig, config);
  const { resolveModel = modelOfStore, resolveSegmentation = segmentationOfStore, nowMs = Date.now } = options;
  const { actor = 'program', openCompute = openWorkers, storeTimeoutMs: withinMs } = options;
  const { storeDirectory, databaseUrl } = parsed;
  const models = async () => ({ model: await resolveModel(parsed), segmentation: await resolveSegmentation(parsed) });
  const engineOf = ({ model, segmentation }: Awaited<ReturnType<typeof models>>, store: EngineStore): VoiceEngine =>
    new VoiceEngine({
      ...store,
      config: parsed,
      model,
      segmentation,
      registry: registryOfModel(store.registry, model.id),
      actor: { name: actor },
      openCompute,
      nowMs,
      recalibrate: async () => {
        const again = await resolveModel(parsed);
        if (again.sha256 === model.sha256) Object.assign(model, { calibration: again.calibration });
      },
    });
  try {
    if (databaseUrl !== undefined) {
      const found = await answering(storeDirectory, models, { withinMs });
      return engineOf(found, await openDatabaseStore({ ...parsed, databaseUrl }, nowMs));
    }
    const open = async (onAlive: () => void) =>
      engineOf(await models(), await openFolderStore(parsed, { ...options, nowMs, onAlive, withinMs }));
    const onLate = (engine: VoiceEngine): Promise<void> => engine[Symbol.asyncDispose]();
    return await answering(storeDirectory, open, { withinMs, onLate });
  } catch (error) {
    throw asVoicePrintsError(error);
  }
}

const modelOfStore = (config: EngineConfig) => modelInStore(config, config.model);

const segmentationOfStore = async ({ storeDirectory, segmentation }: EngineConfig) =>
  (await ModelStore.openFor(storeDirectory)).resolveSegmentation(segmentation);

const openWorkers: OpenCompute = async ({ workerThreads }, model, segmentation) =>
  new WorkerCompute({ model, segmentation, threads: workerThreads });
