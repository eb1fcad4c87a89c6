import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import type { RecordingSource } from '../../../src/core/recording.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import { modelInStore } from '../../../src/engine/models/modelInStore.js';
import { LOCAL_TENANT } from '../../../src/engine/requests/callOptions.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';
import { speak, TEXTS } from '../../support/fliteVoices.js';
import { allBytes, temporaryFolder } from '../../support/temporaryFolder.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-erased-'));
afterAll(() => rm(root, { recursive: true, force: true }));

/** A recording of enough speech whose last bytes do not come until `release` is called. */
function heldRecording() {
  const bytes = readFileSync(speak('slt', `${TEXTS[0]} ${TEXTS[1]} ${TEXTS[2]}`, root, 'slt.wav'));
  let [release, reach]: (() => void)[] = [];
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  async function* pieces() {
    yield bytes.subarray(0, 100_000);
    reach!();
    await released;
    yield bytes.subarray(100_000);
  }
  const source: RecordingSource = { kind: 'stream', stream: Readable.from(pieces()) };
  return { source, reached, release: () => release!() };
}

const refused = { code: 'SPEAKER_NOT_FOUND', message: expect.stringContaining('erased while') };

test.each([
  { name: 'by the same engine, before there was a voiceprint', isThere: false, isOther: false },
  { name: 'by the same engine', isThere: true, isOther: false },
  { name: 'by another process', isThere: true, isOther: true },
])('who is erased during an enrolment stays erased: $name', async ({ isThere, isOther }) => {
  const storeDirectory = await temporaryFolder();
  if (isThere) {
    await using registry = await LowdbRegistry.open(storeDirectory);
    const modelId = (await modelInStore(storeDirectory, undefined)).id;
    await registry.putAll(LOCAL_TENANT, [randomVoiceprint({ id: 'anna', modelId })], { replace: false });
  }
  await using engine = await createEngine({ storeDirectory, workerThreads: 1, keepAudio: true });
  await using other = await createEngine({ storeDirectory, workerThreads: 1 });
  const { source, reached, release } = heldRecording();
  const enrolling = engine.enroll({ speakerId: 'anna', name: 'Anna Amsel', samples: [source] });
  enrolling.catch(() => undefined); // told below
  await reached;
  const erasing = isOther ? other : engine;
  expect(await erasing.speakers().delete('anna')).toBe(isThere);
  release();
  await expect(enrolling).rejects.toMatchObject(refused);
  expect(await engine.speakers().list()).toEqual([]);
  expect((await allBytes(storeDirectory)).toString('latin1')).not.toContain('Amsel');
  // Whoever enrols again afterwards means it.
  const { source: again, release: releaseAgain } = heldRecording();
  releaseAgain();
  expect(await engine.enroll({ speakerId: 'anna', samples: [again] })).toMatchObject({ speakerId: 'anna' });
  expect(await engine.speakers().list()).toHaveLength(1);
});
