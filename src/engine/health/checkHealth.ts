import { VoicePrintsError } from '../../core/errors.js';
import { isMusl } from '../../inference/isMusl.js';
import { ModelStore } from '../../inference/modelStore.js';
import { missingShards } from '../../registry/sharded/missingShards.js';
import { WorkerCompute } from '../compute/workerCompute.js';
import { createEngine } from '../createEngine.js';
import type { Engine } from '../engine.js';
import { modelInStore } from '../models/modelInStore.js';
import { databaseChecks } from './databaseCheck.js';
import { enrolledInWords } from './enrolledInWords.js';
import { failed, type HealthCheck, passed } from './healthCheck.js';
import { modelChecks } from './modelChecks.js';
import { diskCheck, missingFolderCheck, portCheck } from './placeChecks.js';
import { systemChecks } from './systemChecks.js';

export interface HealthRequest {
  readonly storeDirectory: string;
  /** Where the store is in a database. */
  readonly databaseUrl?: string | undefined;
  readonly encryptionKey?: string | undefined;
  /** Id or path; the one in use where undefined. */
  readonly model?: string | undefined;
  readonly segmentation?: string | undefined;
  /** Ports that should be free. */
  readonly ports: readonly number[];
  readonly signal: AbortSignal;
}

/** Everything that a machine and a store need, each looked at once and none changed. Rejects only with ABORTED. */
export async function checkHealth(request: HealthRequest): Promise<readonly HealthCheck[]> {
  const { storeDirectory, ports, signal } = request;
  const checks: HealthCheck[] = [nodeCheck()];
  checks.push(...(await ownModelChecks(request)));
  signal.throwIfAborted();
  checks.push(...(await systemChecks()));
  checks.push(...(await storeChecks(request)), await diskCheck(storeDirectory), await portCheck(ports));
  signal.throwIfAborted();
  return checks;
}

/** What an open engine runs on. Rejects never. */
export async function engineHealth(engine: Engine): Promise<readonly HealthCheck[]> {
  return [...(await modelChecks(() => engine.tryModels())), await diskCheck(engine.storeDirectory)];
}

/** What this machine has beside the models: decoders, GStreamer, LevelDB. Starts short child processes; rejects never. */
export async function systemHealth(): Promise<readonly HealthCheck[]> {
  return [nodeCheck(), ...(await systemChecks())];
}

const nodeCheck = (): HealthCheck =>
  passed('node', `Node.js ${process.versions.node}, ${process.platform}-${process.arch}${isMusl() ? ', musl' : ''}`);

/** Without the store's engine, so that a store that does not open says nothing about the models. */
async function ownModelChecks({ storeDirectory, model: id, segmentation: wanted, signal }: HealthRequest) {
  try {
    const model = await modelInStore(storeDirectory, id); // without its calibration in a database, which may be away
    const segmentation = await (await ModelStore.openFor(storeDirectory)).resolveSegmentation(wanted);
    await using compute = new WorkerCompute({ model, segmentation });
    return await modelChecks(() => compute.tryModels(signal));
  } catch (thrown) {
    return [failed('models', thrown)];
  }
}

async function storeChecks({ databaseUrl, ...request }: HealthRequest): Promise<readonly HealthCheck[]> {
  return databaseUrl === undefined ? [await storeCheck(request)] : databaseChecks({ ...request, databaseUrl });
}

async function storeCheck({ storeDirectory, encryptionKey, model }: HealthRequest): Promise<HealthCheck> {
  const missing = await missingFolderCheck(storeDirectory);
  if (missing) return missing;
  try {
    await using engine = await createEngine({ storeDirectory, encryptionKey, model });
    const enrolled = enrolledInWords(await engine.speakers().list());
    const missing = await missingShards(storeDirectory);
    if (missing.length > 0) throw shardsMissing(missing);
    return passed('store', `${storeDirectory}: ${enrolled}${encryptionKey ? ', encrypted' : ''}`);
  } catch (thrown) {
    return failed('store', thrown);
  }
}

const shardsMissing = (files: readonly string[]): VoicePrintsError => {
  const some = files.length > 3 ? `${files.slice(0, 3).join(', ')} …` : files.join(', ');
  const found = `the people of ${files.length} ${files.length === 1 ? 'file' : 'files'} are gone: ${some}`;
  return new VoicePrintsError('REGISTRY_CORRUPT', `${found}; put them back from a backup, or enrol these people again`);
};

/** What a command answers where something needed fails; undefined where nothing does. */
export function healthProblem(checks: readonly HealthCheck[]): VoicePrintsError | undefined {
  const failures = checks.filter(({ status }) => status === 'fail');
  if (failures.length === 0) return undefined;
  const names = failures.map(({ check }) => check).join(', ');
  return new VoicePrintsError(failures[0]!.code ?? 'INTERNAL', `not in order: ${names}; do as the remedies say`);
}
