import { afterAll, describe } from 'vitest';
import { PostgresRegistry, type PostgresRegistryOptions } from '../../src/registry/postgres/postgresRegistry.js';
import { EmptyDatabases } from '../support/emptyDatabase.js';
import { whyNoPostgres } from '../support/postgres.js';
import { type RegistryPlace, voiceprintRegistryContract } from './voiceprintRegistry.js';

const databases = new EmptyDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const newPlace = (options: PostgresRegistryOptions) => (): RegistryPlace => {
  const url = databases.next();
  return { open: async () => PostgresRegistry.open(await url, options) };
};

describe.skipIf(whyNoPostgres)('PostgreSQL', () => {
  voiceprintRegistryContract('PostgresRegistry, plain', newPlace({}));
  voiceprintRegistryContract('PostgresRegistry, encrypted', newPlace({ encryptionKey: 'eight or more' }));
});
