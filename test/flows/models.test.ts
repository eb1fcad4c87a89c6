import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addModel, ModelStore } from '../../src/index.js';
import { FlowRunner } from './flowRunner.js';

const require = createRequire(import.meta.url);
/** The helper's own client of Node-RED's admin routes (supertest). */
const admin = require('node-red-node-test-helper') as {
  request(): { get(path: string): Promise<{ status: number; body: { id: string; isBuiltIn: boolean }[] }> };
};

let flow: FlowRunner;
beforeEach(() => {
  flow = new FlowRunner();
});
afterEach(() => flow[Symbol.asyncDispose]());

const listed = async (query: string) => {
  const { status, body } = await admin.request().get(`/voice-prints/models${query}`);
  expect(status).toBe(200);
  return body.map(({ id }) => id);
};

test('the dialog of a store lists the models of the package and those added to that store', async () => {
  const shipped = await (await ModelStore.open()).list();
  const packaged = shipped.map(({ id }) => id);
  await flow.load([]);
  await addModel({
    storeDirectory: join(flow.userDir, 'voice-prints', 'store'),
    source: { kind: 'file', path: shipped[0]!.path },
    id: 'mine',
    signal: new AbortController().signal,
  });
  expect(await listed('?store=store')).toEqual([...packaged, 'mine']);
  expect(await listed('?store=not-deployed-yet')).toEqual(packaged);
  expect(await listed('')).toEqual(packaged);
});
