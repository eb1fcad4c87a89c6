import type { AuditTrail } from '../../core/audit.js';
import { ChangeFeed, type SharedFeed } from '../../database/changeFeed.js';
import { Database } from '../../database/database.js';
import type { UnknownVoices } from '../unknownVoices.js';
import type { VoiceprintRegistry } from '../voiceprintRegistry.js';
import { PEOPLE_TOPIC } from './personRows.js';
import { PostgresAudit } from './postgresAudit.js';
import { CALIBRATION_TOPIC } from './postgresCalibration.js';
import { PostgresRegistry } from './postgresRegistry.js';
import { PostgresUnknownVoices, type PostgresUnknownVoicesOptions } from './postgresUnknownVoices.js';

/** What processes that share a database are told, about a second after the change at the latest, and sometimes twice. */
export interface StoreListener {
  /** People of a tenant were enrolled, changed or erased. */
  onPeople(tenantId: string): void;
  /** A calibration was stored or removed. */
  onCalibration(): void;
}

/** All that an engine keeps in a database. Disposing closes all of it. */
export interface PostgresStore extends AsyncDisposable {
  readonly registry: VoiceprintRegistry;
  readonly unknownVoices: UnknownVoices;
  readonly trail: AuditTrail;
  follow(listener: StoreListener): void;
}

/** Throws the errors of PostgresRegistry.open. */
export async function openPostgresStore(
  databaseUrl: string,
  options: PostgresUnknownVoicesOptions,
): Promise<PostgresStore> {
  const opened: AsyncDisposable[] = [];
  const holding = <T extends AsyncDisposable>(one: T): T => {
    opened.unshift(one);
    return one;
  };
  const close = async () => {
    for (const one of opened) await one[Symbol.asyncDispose]();
  };
  try {
    const { database } = holding(await Database.share(databaseUrl));
    const feed: SharedFeed = holding(await ChangeFeed.share(database));
    const registry = holding(await PostgresRegistry.open(databaseUrl, options));
    const unknownVoices = holding(await PostgresUnknownVoices.open(databaseUrl, options));
    return {
      registry,
      unknownVoices,
      trail: new PostgresAudit(databaseUrl),
      follow(listener) {
        feed.on(({ topic, tenantId }) => {
          if (topic === PEOPLE_TOPIC) listener.onPeople(tenantId);
          else if (topic === CALIBRATION_TOPIC) listener.onCalibration();
        });
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
