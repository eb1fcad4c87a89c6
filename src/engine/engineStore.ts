import type { AuditTrail } from '../core/audit.js';
import { MS_PER_DAY } from '../core/time.js';
import { answeringRegistry, answeringUnknownVoices, type Beats } from '../registry/answeringStores.js';
import { auditTrailOf } from '../registry/auditTrail.js';
import { LowdbRegistry } from '../registry/lowdbRegistry.js';
import { LowdbUnknownVoices } from '../registry/lowdbUnknownVoices.js';
import type { StoreListener } from '../registry/postgres/postgresStore.js';
import type { UnknownVoices } from '../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import type { EngineConfig } from './config.js';

/** What an engine keeps, open. */
export interface EngineStore {
  readonly registry: VoiceprintRegistry;
  readonly unknownVoices: UnknownVoices;
  readonly trail: AuditTrail;
  /** Of a database: tells of what other processes change. */
  readonly follow?: (listener: StoreListener) => void;
  /** What is to be closed after the registry and the unknown voices. */
  readonly held?: AsyncDisposable;
}

/** Other implementations of the parts of a store. */
export interface StoreOpeners {
  readonly openRegistry?: ((config: EngineConfig, onAlive: () => void) => Promise<VoiceprintRegistry>) | undefined;
  readonly openUnknownVoices?: ((config: EngineConfig, nowMs: () => number) => Promise<UnknownVoices>) | undefined;
  readonly openAudit?: ((config: EngineConfig) => AuditTrail) | undefined;
}

export interface OpenFolderOptions extends StoreOpeners {
  readonly nowMs: () => number;
  readonly onAlive: () => void;
  /** See CreateEngineOptions.storeTimeoutMs. */
  readonly withinMs: number | undefined;
}

/** The store in a folder, whose calls throw REGISTRY_UNAVAILABLE where it does not answer. */
export async function openFolderStore(config: EngineConfig, options: OpenFolderOptions): Promise<EngineStore> {
  const { withinMs, nowMs, openRegistry = lowdbRegistry, openUnknownVoices = lowdbUnknownVoices } = options;
  const { openAudit = auditTrailOf } = options;
  const { storeDirectory } = config;
  const beats: Beats = new Set([options.onAlive]);
  const onBeat = () => {
    for (const beat of beats) beat();
  };
  const registry = answeringRegistry(await openRegistry(config, onBeat), storeDirectory, { withinMs, beats });
  const unknownVoices = answeringUnknownVoices(await openUnknownVoices(config, nowMs), storeDirectory, { withinMs });
  return { registry, unknownVoices, trail: openAudit(config) };
}

/** The store in a database, which has time limits of its own. Its code is loaded only here. */
export async function openDatabaseStore(
  config: EngineConfig & { readonly databaseUrl: string },
  nowMs: () => number,
): Promise<EngineStore> {
  const { openPostgresStore } = await import('../registry/postgres/postgresStore.js');
  const { databaseUrl, encryptionKey, maxUnknownVoices: mostVoices } = config;
  const store = await openPostgresStore(databaseUrl, { encryptionKey, keepMs: keepMsOf(config), mostVoices, nowMs });
  const { registry, unknownVoices, trail } = store;
  return { registry, unknownVoices, trail, follow: (listener) => store.follow(listener), held: store };
}

const lowdbRegistry = ({ storeDirectory, encryptionKey }: EngineConfig, onAlive: () => void) =>
  LowdbRegistry.open(storeDirectory, { encryptionKey, onAlive });

const lowdbUnknownVoices = (config: EngineConfig, nowMs: () => number) =>
  LowdbUnknownVoices.open(config.storeDirectory, {
    encryptionKey: config.encryptionKey,
    keepMs: keepMsOf(config),
    mostVoices: config.maxUnknownVoices,
    nowMs,
  });

/** Where no policy was given, voices that another process stored keep the expiry that it set. */
function keepMsOf({ strangers, isStrangersGiven }: EngineConfig): number | undefined {
  if (!isStrangersGiven) return undefined;
  return strangers.keeps === 'days' ? strangers.days * MS_PER_DAY : 0;
}
