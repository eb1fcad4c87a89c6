import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { LowdbRegistry, type LowdbRegistryOptions } from '../../src/registry/lowdbRegistry.js';
import { type RegistryPlace, voiceprintRegistryContract } from './voiceprintRegistry.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-contract-'));
let places = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const newPlace = (options: LowdbRegistryOptions) => (): RegistryPlace => {
  places += 1;
  const folder = join(root, String(places));
  return { open: () => LowdbRegistry.open(folder, options) };
};

voiceprintRegistryContract('LowdbRegistry, plain', newPlace({}));
voiceprintRegistryContract('LowdbRegistry, encrypted', newPlace({ encryptionKey: 'eight or more' }));
