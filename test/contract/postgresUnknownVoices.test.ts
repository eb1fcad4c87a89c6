import { afterAll, describe } from 'vitest';
import { PostgresUnknownVoices } from '../../src/registry/postgres/postgresUnknownVoices.js';
import { EmptyDatabases } from '../support/emptyDatabase.js';
import { whyNoPostgres } from '../support/postgres.js';
import { KEEP_MS, MOST_VOICES, unknownVoicesContract } from './unknownVoices.js';

const databases = new EmptyDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const newPlace = (encryptionKey?: string) => () => {
  const url = databases.next();
  return {
    open: async (nowMs = () => 0) =>
      PostgresUnknownVoices.open(await url, { encryptionKey, nowMs, keepMs: KEEP_MS, mostVoices: MOST_VOICES }),
  };
};

describe.skipIf(whyNoPostgres)('PostgreSQL', () => {
  unknownVoicesContract('PostgresUnknownVoices, plain', newPlace());
  unknownVoicesContract('PostgresUnknownVoices, encrypted', newPlace('eight or more'));
});
