import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { LowdbUnknownVoices } from '../../src/registry/lowdbUnknownVoices.js';
import { KEEP_MS, MOST_VOICES, unknownVoicesContract } from './unknownVoices.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-contract-'));
let places = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const newPlace = (encryptionKey?: string) => () => {
  places += 1;
  const folder = join(root, String(places));
  return {
    open: (nowMs = () => 0) =>
      LowdbUnknownVoices.open(folder, { encryptionKey, nowMs, keepMs: KEEP_MS, mostVoices: MOST_VOICES }),
  };
};

unknownVoicesContract('LowdbUnknownVoices, plain', newPlace());
unknownVoicesContract('LowdbUnknownVoices, encrypted', newPlace('eight or more'));
