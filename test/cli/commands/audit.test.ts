import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { serve } from '../../../src/api/serve.js';
import { createEngine, ModelStore } from '../../../src/index.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';
import { allBytes, temporaryFolder } from '../../support/temporaryFolder.js';
import { typed } from '../terminal.js';

async function storeWith(tenantId: string, ...ids: string[]): Promise<{ VOICE_PRINTS_HOME: string }> {
  const folder = await temporaryFolder();
  const { id: modelId } = await (await ModelStore.open()).resolve();
  await using registry = await LowdbRegistry.open(folder);
  const people = ids.map((id) => randomVoiceprint({ id, modelId, name: `Name of ${id}` }));
  await registry.putAll(tenantId, people, { replace: false });
  return { VOICE_PRINTS_HOME: folder };
}

const audit = async (env: Record<string, string>, ...more: string[]) =>
  JSON.parse((await typed(['audit', '--json', ...more], env)).stdout);

test('the command line notes what it changed and whom it let out, without names', async () => {
  const env = { ...(await storeWith('local', 'anna', 'ben')), VOICE_PRINTS_PASSPHRASE: 'four words of mine' };
  const file = join(env.VOICE_PRINTS_HOME, 'voices.vpx');
  await typed(['speakers', 'rename', 'anna', 'Dr. Amsel'], env);
  await typed(['speakers', 'rename', 'not an id: Carla', 'Carla'], env);
  await typed(['speakers', 'export', file], env);
  await typed(['speakers', 'delete', 'ben'], env);
  await typed(['speakers', 'delete', 'ben'], env);
  await typed(['speakers', 'import', file, '--replace'], env);
  await typed(['speakers', 'forget', 'unknown-9'], env);
  const who = { tenantId: 'local', actor: 'command line', time: expect.stringMatching(/Z$/) };
  expect(await audit(env)).toEqual([
    { ...who, action: 'rename', speakerId: 'anna', outcome: 'done' },
    { ...who, action: 'rename', speakerId: null, outcome: 'failed', code: 'SPEAKER_NOT_FOUND' },
    { ...who, action: 'export', speakerId: 'anna', outcome: 'done' },
    { ...who, action: 'export', speakerId: 'ben', outcome: 'done' },
    { ...who, action: 'erase', speakerId: 'ben', outcome: 'done' },
    { ...who, action: 'erase', speakerId: 'ben', outcome: 'absent' },
    { ...who, action: 'import', speakerId: 'anna', outcome: 'done' },
    { ...who, action: 'import', speakerId: 'ben', outcome: 'done' },
    { ...who, action: 'forget unknown', speakerId: null, unknownId: 'unknown-9', outcome: 'absent' },
  ]);
  expect(await audit(env, '--speaker', 'anna')).toHaveLength(3);
  expect(await audit(env, '--tenant', 'acme')).toEqual([]);
  expect((await typed(['audit'], env)).stdout).toMatch(/^TIME +TENANT +ACTOR +ACTION +SPEAKER/);
  expect((await typed(['audit', '--tenant', 'acme'], env)).stdout).toMatch(/^The audit log has no such entry/);
  expect((await allBytes(env.VOICE_PRINTS_HOME)).includes('Carla')).toBe(false);
});

test('calls over REST are noted with their key and request id', async () => {
  const env = await storeWith('acme', 'anna');
  const ring = await KeyRing.open({ storeDirectory: env.VOICE_PRINTS_HOME }, { actor: 'the operator' });
  const { key, record } = await ring.create({ tenantId: 'acme', scopes: ['admin'] });
  await using engine = await createEngine({ storeDirectory: env.VOICE_PRINTS_HOME });
  const server = await serve({ engine, keys: new ApiKeys(() => ring.current()), port: 0 });
  const call = async (method: string, path: string, body?: BodyInit, type = 'application/json') => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': type };
    const answer = await fetch(`${server.url}${path}`, { method, headers, ...(body && { body }) });
    return answer.headers.get('x-request-id');
  };
  try {
    const silence = new Uint8Array(32_000);
    const requestIds = [
      await call('PATCH', '/v1/speakers/anna', '{"name":"Dr. Amsel"}'),
      await call('POST', '/v1/speakers/ben/samples?encoding=s16le&sampleRate=16000', silence, 'audio/l16'),
      await call('DELETE', '/v1/speakers/anna'),
      await call('POST', '/audio/generic/api/v1/sync/diarization/delete', '{"speakerId":"anna"}'),
    ];
    await call('GET', '/v1/speakers');
    const noted = [
      { action: 'rename', speakerId: 'anna', outcome: 'done' },
      { action: 'enrol', speakerId: 'ben', outcome: 'rejected' },
      { action: 'erase', speakerId: 'anna', outcome: 'done' },
      { action: 'erase', speakerId: 'anna', outcome: 'absent' },
    ];
    const who = { tenantId: 'acme', actor: `key:${record.keyId}`, time: expect.any(String) };
    const [made, ...called] = await audit(env);
    expect(made).toMatchObject({ actor: 'the operator', action: 'create key', keyId: record.keyId, speakerId: null });
    expect(called).toEqual(noted.map((what, i) => ({ ...who, ...what, requestId: requestIds[i] })));
  } finally {
    await server.close();
  }
});

test('an operation that cannot be recorded in the audit log is reported', async () => {
  const env = await storeWith('local', 'anna');
  const log = join(env.VOICE_PRINTS_HOME, 'audit.log');
  await mkdir(log);
  const renamed = await typed(['speakers', 'rename', 'anna', 'Dr. Amsel'], env);
  expect(renamed).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^REGISTRY_UNAVAILABLE: the change was made/),
  });
  await rm(log, { recursive: true });
  expect((await typed(['speakers', 'show', 'anna'], env)).stdout).toContain('Dr. Amsel');
});
